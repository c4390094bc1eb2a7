// The file source's own path from text to Snapshot, without a disk: for tests, and for tools that have the text already.
import { PersistentMap } from '../../../lib/incremental/persistent-map.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import { assembleSnapshot } from './assemble-snapshot.ts';
import { draftFile, type FileContent, finishFile, parsePiece, refusePiece } from './file-content.ts';
import { parseDocument } from './parse-document.ts';

/** `files`: text by path. Pure; parses everything at once, however long it takes. */
export function snapshotFromText(files: Readonly<Record<string, string>>): Snapshot {
  const contents = Object.entries(files).map(([path, text]) => [path, parseFileText(path, text, undefined)] as const);
  return assembleSnapshot(undefined, PersistentMap.from(contents), []).snapshot;
}

/** One file's text, with `previous` its version before. */
export function parseFileText(path: string, text: string, previous: FileContent | undefined): FileContent {
  const draft = draftFile(path, text, previous);
  const parsed = draft.pieces.flatMap((piece, i) =>
    draft.kept[i] ? [] : [[i, parsePiece(path, piece, refusePiece(piece) ?? parseDocument(piece.text))] as const],
  );
  return finishFile(path, draft, new Map(parsed), previous);
}
