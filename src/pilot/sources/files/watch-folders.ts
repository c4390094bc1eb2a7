// Tells when something in a folder changes, as far as the operating system says so; the source also polls.
import { type FSWatcher, watch } from 'node:fs';
import type { Logger } from '../../../lib/logger.ts';
import { MAX_WATCHED_FOLDERS } from './limits.ts';
import { errorCode } from './list-files.ts';
import type { FolderEvent } from './note-change.ts';

export interface FolderWatcher {
  /** Watches exactly these: identity by path; one with a new identity anew. True where some were not watched before. */
  watch(folders: ReadonlyMap<string, string>): boolean;
  close(): void;
}

export function createFolderWatcher(onChange: (event: FolderEvent) => void, logger: Logger): FolderWatcher {
  const watched = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>();
  let warned = false;

  const unwatch = (folder: string): void => {
    watched.get(folder)?.watcher.close();
    watched.delete(folder);
  };
  const warn = (folder: string, error: unknown): void => {
    if (warned) return;
    warned = true;
    logger.warn({ folder, error: errorCode(error) }, 'a folder cannot be watched; its changes are found by polling');
  };
  const start = (folder: string, identity: string): boolean => {
    try {
      const watcher = watch(folder, (type, name) => onChange({ type, folder, name: name ?? undefined }));
      watcher.on('error', (error) => {
        warn(folder, error);
        unwatch(folder);
      });
      watched.set(folder, { identity, watcher });
      return true;
    } catch (error) {
      warn(folder, error);
      return false;
    }
  };

  return {
    watch(folders) {
      for (const [folder, { identity }] of watched) if (folders.get(folder) !== identity) unwatch(folder);
      let started = false;
      for (const [folder, identity] of folders) {
        if (watched.size >= MAX_WATCHED_FOLDERS) break;
        if (!watched.has(folder)) started = start(folder, identity) || started;
      }
      return started;
    },
    close() {
      for (const folder of [...watched.keys()]) unwatch(folder);
    },
  };
}
