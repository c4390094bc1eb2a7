// The source of manifests on disk: reads files and folders, watches them, and yields a Snapshot after each change.
import { normalize, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Logger, silentLogger } from '../../../lib/logger.ts';
import type { Snapshot, Source } from '../../resources/snapshot.ts';
import { type Assembly, assembleSnapshot } from './assemble-snapshot.ts';
import { createWake } from './create-wake.ts';
import { createDocumentParser } from './document-parser.ts';
import { createFileStore, type FileStore } from './file-store.ts';
import { FIRST_SNAPSHOT_PATIENCE_MS, MIN_PASS_INTERVAL_MS, SETTLE_MS } from './limits.ts';
import { type FileListing, listFiles } from './list-files.ts';
import { noteAll, noteChange, type Work } from './note-change.ts';
import { createFolderWatcher } from './watch-folders.ts';

export interface FileSourceOptions {
  /** Files, or folders of `.yaml`, `.yml` and `.json` files; they need not exist yet. */
  readonly paths: readonly string[];
  readonly logger?: Logger;
  /** How often everything is looked at again, whatever the operating system reported. Default 5,000. */
  readonly pollIntervalMs?: number;
}

const DEFAULT_POLL_INTERVAL_MS = 5_000;
/** Polling takes at most a twentieth of the time, however many files there are. */
const POLL_SHARE = 20;

/** `run` resolves after the signal aborted and all watchers are closed. One run at a time for each source. */
export function createFileSource(options: FileSourceOptions): Source {
  const paths = options.paths.map((path) => normalize(path).replace(/(?<=.)[\\/]$/, ''));
  const logger = options.logger ?? silentLogger;
  const pollIntervalMs = options.pollIntervalMs ?? DEFAULT_POLL_INTERVAL_MS;

  return {
    async run(onSnapshot, signal) {
      if (signal.aborted) return;
      const parser = createDocumentParser();
      const work: Work = { list: true, all: true, files: new Set() };
      const wake = createWake(signal);
      const store = createFileStore(
        parser,
        () => performance.now(),
        (path) => {
          work.files.add(path);
          wake.now();
        },
      );
      let listing: FileListing | undefined;
      let assembly: Assembly | undefined;

      const watcher = createFolderWatcher((event) => {
        if (noteChange(work, paths, listing, event)) wake.now();
      }, logger);
      try {
        while (!signal.aborted) {
          const start = performance.now();
          const { list, all } = work;
          const files = new Set([...work.files, ...store.doubtful()]);
          Object.assign(work, { list: false, all: false, files: new Set() });

          const before = listing;
          if (list || listing === undefined) {
            listing = await listFiles(paths);
            // A folder that is new to the watcher may have changed before it was watched.
            if (watcher.watch(new Map([...listing.parents, ...listing.folders]))) listing = await listFiles(paths);
          }
          const changed = await look(store, listing, { list, all, files }, signal);
          if (assembly === undefined) await firstIdle(store, signal);
          if (signal.aborted) break;
          if (changed || assembly === undefined || !isDeepStrictEqual(before?.problems, listing.problems)) {
            const known: Snapshot | undefined = assembly?.snapshot;
            assembly = assembleSnapshot(assembly, store.contents(), listing.problems);
            const { snapshot } = assembly;
            if (known === undefined || snapshot.changed.length > 0 || !sameDiagnostics(known, snapshot)) {
              const { changed: objects, diagnostics } = snapshot;
              logger.debug({ changed: objects.length, problems: diagnostics.length }, 'manifests read');
              onSnapshot(snapshot);
            }
          }

          const took = performance.now() - start;
          const doubtful = store.doubtful().size > 0;
          const sleep = doubtful ? SETTLE_MS + 5 : Math.max(pollIntervalMs, took * POLL_SHARE);
          const woken = await wake.wait(sleep, start + Math.max(MIN_PASS_INTERVAL_MS, took * 2));
          if (!woken && !doubtful) noteAll(work);
        }
      } finally {
        wake.close();
        watcher.close();
        await parser.close();
        await store.idle();
      }
    },
  };
}

/** Looks at the files that may have changed. True where what is in force, or a problem, did. */
async function look(
  store: FileStore,
  listing: FileListing,
  { list, all, files }: Work,
  signal: AbortSignal,
): Promise<boolean> {
  const known = list ? store.paths() : files;
  const gone = [...known].filter((path) => !listing.files.has(path) && !isBelow(path, listing.unreadable));
  const candidates = list ? listing.files : files;
  const toRead = [...candidates].filter(
    (path) => listing.files.has(path) && (all || files.has(path) || !store.has(path)),
  );
  const read = await store.check(toRead, signal);
  return store.remove(gone) || read;
}

/** The first snapshot has everything, unless that takes too long. */
async function firstIdle(store: FileStore, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const patience = delay(FIRST_SNAPSHOT_PATIENCE_MS, undefined, { signal: either }).catch(() => undefined);
  await Promise.race([store.idle(), patience]);
  done.abort();
}

/** What stands below a folder that cannot be read stays in force. */
function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder + sep));
}

function sameDiagnostics(a: Snapshot, b: Snapshot): boolean {
  return isDeepStrictEqual(a.diagnostics, b.diagnostics);
}
