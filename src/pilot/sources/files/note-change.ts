// What a report of the operating system means for the next pass of the file source.
import { join } from 'node:path';
import type { FileListing } from './list-files.ts';

/** What the next pass has to look at. */
export interface Work {
  /** Which files there are. */
  list: boolean;
  /** Every file, not only new ones and those in `files`. */
  all: boolean;
  files: Set<string>;
}

export interface FolderEvent {
  /** `change` is the content of an entry, `rename` its coming or going. */
  readonly type: 'rename' | 'change';
  readonly folder: string;
  readonly name: string | undefined;
}

/** Adds to `work`; false where the event means nothing. `paths` are the user's. */
export function noteChange(
  work: Work,
  paths: readonly string[],
  listing: FileListing | undefined,
  { type, folder, name }: FolderEvent,
): boolean {
  if (listing === undefined || name === undefined) return noteAll(work);
  const path = join(folder, name);
  if (listing.files.has(path)) {
    work.files.add(path);
    return true;
  }
  if (paths.includes(path)) return noteAll(work);
  // Other things in the folder that holds a path of the user's.
  if (!listing.folders.has(folder)) return false;
  // Kubernetes replaces all files of a mount by pointing this link elsewhere.
  if (name === '..data') return noteAll(work);
  if (name.startsWith('.') || type === 'change') return false;
  work.list = true;
  return true;
}

export function noteAll(work: Work): true {
  work.list = true;
  work.all = true;
  return true;
}
