// Finds the manifest files under the user's paths, and the folders to watch for new ones.
import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, normalize } from 'node:path';
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import { MAX_FILES, MAX_FOLDER_DEPTH } from './limits.ts';

export interface FileListing {
  /** Paths as the user would write them, sorted. */
  readonly files: ReadonlySet<string>;
  /** Folders with manifests, and their identity: another one means that the folder was replaced. */
  readonly folders: ReadonlyMap<string, string>;
  /** The folders that hold the paths themselves. */
  readonly parents: ReadonlyMap<string, string>;
  /** Folders that cannot be read at the moment: what was read below them stays in force. */
  readonly unreadable: readonly string[];
  readonly problems: readonly Diagnostic[];
}

interface Walk {
  readonly files: Set<string>;
  readonly folders: Map<string, string>;
  readonly parents: Map<string, string>;
  readonly unreadable: Set<string>;
  readonly problems: Diagnostic[];
  /** Device and inode of folders on the way: a symlink back to one of them is not followed. */
  readonly visited: Set<string>;
  full: boolean;
}

const extensions = new Set(['.yaml', '.yml', '.json']);

/** Dotfiles are not manifests: editors' swap files, and the `..data` folders behind Kubernetes' mounts. */
function isManifestName(name: string): boolean {
  return !name.startsWith('.') && extensions.has(extname(name));
}

/** Never rejects: what cannot be read is a problem. */
export async function listFiles(paths: readonly string[]): Promise<FileListing> {
  const walk: Walk = {
    files: new Set(),
    folders: new Map(),
    parents: new Map(),
    unreadable: new Set(),
    problems: [],
    visited: new Set(),
    full: false,
  };
  for (const path of paths) await listPath(walk, normalize(path));
  if (walk.full)
    walk.problems.push({
      severity: 'error',
      code: 'TG0005',
      message: `There are more than ${MAX_FILES} manifest files. Those beyond, in the order of the folders, are not read.`,
      remedy: 'Put several objects into one file.',
    });
  return {
    files: new Set([...walk.files].toSorted()),
    folders: walk.folders,
    parents: walk.parents,
    unreadable: [...walk.unreadable],
    problems: walk.problems,
  };
}

/** A path the user gave: a file of any name, or a folder. */
async function listPath(walk: Walk, path: string): Promise<void> {
  // A file is watched in its folder, since editors replace files instead of writing into them.
  const parent = await stat(dirname(path)).catch(() => undefined);
  if (parent) walk.parents.set(dirname(path), identityOf(parent));
  const stats = await stat(path).catch((error: unknown) => {
    walk.problems.push(unreadable(path, error));
    if (!isMissing(error)) walk.unreadable.add(path);
    return undefined;
  });
  if (stats?.isDirectory()) await listFolder(walk, path, identityOf(stats), 0);
  else if (stats) walk.files.add(path);
}

async function listFolder(walk: Walk, path: string, identity: string, depth: number): Promise<void> {
  if (walk.visited.has(identity)) return;
  if (depth > MAX_FOLDER_DEPTH) {
    walk.problems.push({
      severity: 'error',
      code: 'TG0005',
      file: path,
      message: `The folder is more than ${MAX_FOLDER_DEPTH} levels deep. It is not read.`,
      remedy: 'Give it as a path of its own.',
    });
    return;
  }
  walk.visited.add(identity);
  walk.folders.set(path, identity);
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    walk.problems.push(unreadable(path, error));
    walk.unreadable.add(path);
    return [];
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) await listEntry(walk, path, entry, depth);
}

async function listEntry(walk: Walk, folder: string, entry: Dirent, depth: number): Promise<void> {
  if (entry.name.startsWith('.')) return;
  const path = join(folder, entry.name);
  if (entry.isDirectory() || entry.isSymbolicLink()) {
    const stats = await stat(path).catch((error: unknown) => {
      if (isManifestName(entry.name) || !isMissing(error)) walk.problems.push(unreadable(path, error));
      if (!isMissing(error)) walk.unreadable.add(path);
      return undefined;
    });
    if (stats?.isDirectory()) await listFolder(walk, path, identityOf(stats), depth + 1);
    else if (stats && isManifestName(entry.name)) addFile(walk, path);
    return;
  }
  if (isManifestName(entry.name)) addFile(walk, path);
}

function identityOf(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}

function addFile(walk: Walk, path: string): void {
  if (walk.files.size < MAX_FILES) walk.files.add(path);
  else if (!walk.files.has(path)) walk.full = true;
}

export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown error';
}

export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
}

/** TG0001 for a path that cannot be read. */
export function unreadable(path: string, error: unknown): Diagnostic {
  if (isMissing(error))
    return {
      severity: 'warning',
      code: 'TG0001',
      file: path,
      message: 'The path does not exist. It is read as soon as it does.',
      remedy: 'Create it, or correct the path.',
    };
  return {
    severity: 'error',
    code: 'TG0001',
    file: path,
    message: `The path cannot be read (${errorCode(error)}). What was read of it before stays in force.`,
    remedy:
      errorCode(error) === 'EACCES' ? 'Give the user that runs Tidegate the right to read it.' : 'Check the path.',
  };
}
