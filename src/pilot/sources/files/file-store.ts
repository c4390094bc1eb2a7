// What is in force of each file, from one look at it to the next: the rules for files that are cut off, broken or gone.
import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { PersistentMap } from '../../../lib/incremental/persistent-map.ts';
import type { DocumentParser } from './document-parser.ts';
import {
  draftFile,
  type FileContent,
  type FileDraft,
  finishFile,
  isSlow,
  keepFile,
  parsePiece,
  refusePiece,
} from './file-content.ts';
import type { FileDocument } from './file-document.ts';
import { MAX_PROBLEMS_PER_FILE, PARSE_SLICE_MS, PARSE_TIMEOUT_MS, READ_CONCURRENCY, SETTLE_MS } from './limits.ts';
import { type FileStamp, type FileText, readFileText } from './read-file-text.ts';

interface FileState {
  readonly content: FileContent;
  /** Of what was last read, good or not. */
  readonly stamp: FileStamp | undefined;
  /** The last text that was believed. */
  readonly text: string;
}

/** A change that may be half of one, and when it was first seen (milliseconds). */
interface Doubt {
  readonly about: FileStamp | 'missing';
  readonly since: number;
}

export interface FileStore {
  /**
   * Looks at these files again. True where what is in force, or a problem, changed. Files that take long to parse are
   * left to a queue, one after the other; `onSlowDone` asks for another look at each when its turn is over.
   */
  check(paths: readonly string[], signal: AbortSignal): Promise<boolean>;
  /** As `check` for files that are no longer listed: they go, even if something can still be read there. */
  remove(paths: readonly string[]): boolean;
  /** Resolves when no file is left in the queue. */
  idle(): Promise<void>;
  /** Files in doubt, to be looked at again after SETTLE_MS. */
  doubtful(): ReadonlySet<string>;
  paths(): Iterable<string>;
  has(path: string): boolean;
  /** By path. */
  contents(): PersistentMap<FileContent>;
}

export function createFileStore(
  parser: DocumentParser,
  now: () => number,
  onSlowDone: (path: string) => void,
): FileStore {
  const states = new Map<string, FileState>();
  let contents = PersistentMap.empty<FileContent>();
  const doubts = new Map<string, Doubt>();
  /** Texts that came up in the present pass: a file that is gone may only have been renamed. */
  const fresh = new Set<string>();

  /** Files in the queue; nobody else touches their state. */
  const slow = new Set<string>();
  let slowWork: Promise<void> | undefined;
  let slowChanged = false;

  /** True once the doubt has lasted; else notes it. */
  function isSettled(path: string, about: Doubt['about']): boolean {
    const doubt = doubts.get(path);
    if (doubt?.about === about) return now() - doubt.since >= SETTLE_MS;
    doubts.set(path, { about, since: now() });
    return false;
  }

  function believe(path: string, state: FileState | undefined): void {
    doubts.delete(path);
    if (state) states.set(path, state);
    else states.delete(path);
    contents = contents.change([[path, state?.content]]);
  }

  function removeFile(path: string): boolean {
    const state = states.get(path);
    if (state === undefined) return false;
    if (slow.has(path)) return false;
    const inForce = state.content.documents.length > 0 && !fresh.has(state.text);
    if (inForce && !isSettled(path, 'missing')) return false;
    believe(path, undefined);
    return true;
  }

  async function accept(
    path: string,
    read: Exclude<FileText, { kind: 'same' | 'missing' }>,
    signal: AbortSignal,
    inQueue = false,
  ) {
    const state = states.get(path);
    const { stamp } = read;
    if (read.kind === 'failed') {
      const content = keepFile(state?.content ?? emptyFile(path), [read.problem]);
      believe(path, { content, stamp, text: state?.text ?? '' });
      return !isDeepStrictEqual(content.problems, state?.content.problems);
    }
    if (state && looksUnfinished(state.text, read.text) && !isSettled(path, read.stamp)) return false;
    const draft = draftFile(path, read.text, state?.content);
    if (!inQueue && isSlow(draft)) {
      slow.add(path);
      slowWork ??= workQueue(signal);
      return false;
    }
    const content = await parseDraft(path, draft, state?.content, signal);
    if (signal.aborted) return false;
    fresh.add(read.text);
    believe(path, { content, stamp, text: read.text });
    return true;
  }

  async function parseDraft(path: string, draft: FileDraft, previous: FileContent | undefined, signal: AbortSignal) {
    const parsed = new Map<number, FileDocument>();
    let failures = 0;
    let wasted = 0;
    let sliceStart = performance.now();
    for (const [i, piece] of draft.pieces.entries()) {
      if (draft.kept[i]) continue;
      // What is left of a file like this is not worth the time.
      if (signal.aborted || failures >= MAX_PROBLEMS_PER_FILE || wasted > PARSE_TIMEOUT_MS) break;
      const start = performance.now();
      const document = parsePiece(path, piece, refusePiece(piece) ?? (await parser.parse(piece.text)));
      parsed.set(i, document);
      if (document.failed) {
        failures += 1;
        wasted += performance.now() - start;
      }
      if (performance.now() - sliceStart < PARSE_SLICE_MS) continue;
      await setImmediate();
      sliceStart = performance.now();
    }
    return finishFile(path, draft, parsed, previous);
  }

  /** Reads each file again when its turn comes, so that only one text is held, and the newest. */
  async function workQueue(signal: AbortSignal): Promise<void> {
    for (const path of slow) {
      if (signal.aborted) break;
      const read = await readFileText(path, states.get(path)?.stamp);
      if (read.kind === 'text' || read.kind === 'failed')
        slowChanged = (await accept(path, read, signal, true)) || slowChanged;
      slow.delete(path);
      onSlowDone(path);
    }
    // In the same turn as the end of the loop: a file that is added later needs a new one.
    slowWork = undefined;
  }

  return {
    async check(paths, signal) {
      fresh.clear();
      let changed = slowChanged;
      slowChanged = false;
      const missing: string[] = [];
      for (let at = 0; at < paths.length && !signal.aborted; at += READ_CONCURRENCY) {
        const batch = paths.slice(at, at + READ_CONCURRENCY).filter((path) => !slow.has(path));
        const texts = await Promise.all(batch.map((path) => readFileText(path, states.get(path)?.stamp)));
        for (const [i, path] of batch.entries()) {
          const read = texts[i];
          if (read === undefined || signal.aborted) continue;
          if (read.kind === 'missing') missing.push(path);
          else if (read.kind === 'same') doubts.delete(path);
          else changed = (await accept(path, read, signal)) || changed;
        }
      }
      // Last, so that a file that was only renamed is known under its new name.
      return missing.filter(removeFile).length > 0 || changed;
    },
    remove: (paths) => paths.filter(removeFile).length > 0,
    idle: async () => slowWork,
    doubtful: () => new Set(doubts.keys()),
    paths: () => states.keys(),
    has: (path) => states.has(path),
    contents: () => contents,
  };
}

function emptyFile(path: string): FileContent {
  return { path, documents: [], problems: [], wasGood: false, moves: 0 };
}

/** A writer that truncates the file and writes it anew is seen at work: empty, a part of the old text, or cut in a line. */
function looksUnfinished(before: string, after: string): boolean {
  if (after.length < before.length && before.startsWith(after)) return true;
  return before.endsWith('\n') && !after.endsWith('\n');
}
