// The private folder of one Envoy: its bootstrap, its sockets and its FIFOs.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TidegateError } from '../../lib/tidegate-error.ts';

export interface RuntimeDirectory {
  readonly path: string;
  file(name: 'bootstrap.json' | 'ads.sock' | 'sds.sock' | 'admin.sock' | 'stdout' | 'stderr'): string;
  remove(): void;
}

/** What the operating systems allow for a Unix socket's path, less the longest of our names. */
const maxPathLength = 103 - '/admin.sock'.length;

/** Readable by this user only: whoever opens the admin socket rules Envoy. Falls back to /tmp where TMPDIR is too deep. */
export function createRuntimeDirectory(): RuntimeDirectory {
  const prefix = 'tidegate-envoy-';
  const base = [os.tmpdir(), '/tmp'].find((folder) => folder.length + prefix.length + 7 <= maxPathLength) ?? '/tmp';
  let directory: string;
  try {
    directory = fs.mkdtempSync(path.join(base, prefix));
  } catch (error) {
    throw new TidegateError('envoy-failed', `no folder for Envoy can be made in ${base}`, {
      hint: 'Set TMPDIR to a folder with a short path in which this user may write.',
      cause: error,
    });
  }
  return {
    path: directory,
    file: (name) => path.join(directory, name),
    remove: () => fs.rmSync(directory, { recursive: true, force: true }),
  };
}
