// Reads one manifest file as text, whatever stands at its path: never blocks on a FIFO, never reads more than the limit.
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import { limitProblem } from './file-content.ts';
import { MAX_FILE_BYTES } from './limits.ts';
import { isMissing, unreadable } from './list-files.ts';

/** Changes whenever the file is written or replaced. */
export type FileStamp = string;

export type FileText =
  | { readonly kind: 'same' }
  | { readonly kind: 'text'; readonly stamp: FileStamp; readonly text: string }
  | { readonly kind: 'missing' }
  /** `stamp` is undefined where a later try may help without a change of the file. */
  | { readonly kind: 'failed'; readonly stamp: FileStamp | undefined; readonly problem: Diagnostic };

/** `known`: the stamp of the last text; `same` if it still fits. Never rejects. */
export async function readFileText(path: string, known: FileStamp | undefined): Promise<FileText> {
  try {
    const before = await stampOf(path);
    if (before.stamp === known) return { kind: 'same' };
    if (!before.isFile) return { kind: 'failed', stamp: before.stamp, problem: notRegular(path) };
    // Something else may stand there by now, so the open must not wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await readOpenFile(path, file);
    } finally {
      await file.close();
    }
  } catch (error) {
    return isMissing(error)
      ? { kind: 'missing' }
      : { kind: 'failed', stamp: undefined, problem: unreadable(path, error) };
  }
}

interface Stamped {
  readonly stamp: FileStamp;
  readonly isFile: boolean;
  readonly size: bigint;
}

async function stampOf(of: string | FileHandle): Promise<Stamped> {
  const stats = typeof of === 'string' ? await stat(of, { bigint: true }) : await of.stat({ bigint: true });
  const stamp = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
  return { stamp, isFile: stats.isFile(), size: stats.size };
}

async function readOpenFile(path: string, file: FileHandle): Promise<FileText> {
  const { stamp, isFile, size } = await stampOf(file);
  if (!isFile) return { kind: 'failed', stamp, problem: notRegular(path) };
  const tooLarge: FileText = {
    kind: 'failed',
    stamp,
    problem: limitProblem(path, 1, `The file is larger than ${MAX_FILE_BYTES} bytes.`),
  };
  if (size > MAX_FILE_BYTES) return tooLarge;
  // One byte more than it had: a file that grows meanwhile is not read without end.
  const bytes = Buffer.allocUnsafe(Number(size) + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  // The stamp of before: a write in between makes the next look see another one.
  return decode(path, stamp, bytes.subarray(0, length));
}

function decode(path: string, stamp: FileStamp, bytes: Uint8Array): FileText {
  const invalid = (at: number, message: string, remedy: string): FileText => {
    const line = countLines(bytes.subarray(0, at)) + 1;
    const problem: Diagnostic = { severity: 'error', code: 'TG0002', file: path, line, column: 1, message, remedy };
    return { kind: 'failed', stamp, problem };
  };
  const nul = bytes.indexOf(0);
  if (nul >= 0) return invalid(nul, 'The file has a NUL byte, so it is no text.', 'Save it as UTF-8 text.');
  try {
    return { kind: 'text', stamp, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const at = Buffer.byteLength(new TextDecoder().decode(bytes).split('\uFFFD', 1)[0] ?? '');
    return invalid(at, 'The file is not UTF-8.', 'Save it as UTF-8 text.');
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
  return lines;
}

function notRegular(path: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'TG0001',
    file: path,
    message: 'This is no regular file (but a pipe, socket or device). It is not read.',
    remedy: 'Move it out of the folder.',
  };
}
