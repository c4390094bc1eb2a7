// A file from one version to the next: documents that stayed the same keep their identity, and a broken version changes nothing.
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import { type FileDocument, moveFileDocument, parseFileDocument } from './file-document.ts';
import {
  MAX_DOCUMENT_LENGTH,
  MAX_DOCUMENTS_PER_FILE,
  MAX_INLINE_LENGTH,
  MAX_PIECES_PER_FILE,
  MAX_PROBLEMS_PER_FILE,
  MAX_UNUSABLE_PER_FILE,
  SLOW_LENGTH,
} from './limits.ts';
import { matchDocuments } from './match-documents.ts';
import type { ParsedDocument } from './parse-document.ts';
import { type DocumentText, hasContent, splitDocuments } from './split-documents.ts';

/** What a file contributes. */
export interface FileContent {
  readonly path: string;
  readonly documents: readonly FileDocument[];
  /** Why the documents are not what the file says now; empty where they are. */
  readonly problems: readonly Diagnostic[];
  /** Whether some version of the file was free of problems: then it is the one in force. */
  readonly wasGood: boolean;
  /** How often documents that stayed the same have got other lines. */
  readonly moves: number;
}

/** A new version of a file: which documents are known, which are to be parsed. */
export interface FileDraft {
  readonly pieces: readonly DocumentText[];
  /** By index of `pieces`; undefined where the document is new. */
  readonly kept: readonly (FileDocument | undefined)[];
  readonly problem: Diagnostic | undefined;
}

export function draftFile(path: string, text: string, previous: FileContent | undefined): FileDraft {
  const all = splitDocuments(text, MAX_PIECES_PER_FILE);
  const pieces = all.filter((piece) => hasContent(piece.text));
  if (pieces.length > MAX_DOCUMENTS_PER_FILE || all.length >= MAX_PIECES_PER_FILE) {
    const problem = limitProblem(path, 1, `The file has more than ${MAX_DOCUMENTS_PER_FILE} documents.`);
    return { pieces: [], kept: [], problem };
  }
  return { pieces, kept: matchDocuments(previous?.documents ?? [], pieces), problem: undefined };
}

/** Whether parsing the draft may take long enough for others to notice. */
export function isSlow(draft: FileDraft): boolean {
  const fresh = draft.pieces.filter((_, i) => !draft.kept[i]).map(({ text }) => text.length);
  return fresh.some((length) => length > MAX_INLINE_LENGTH) || fresh.reduce((a, b) => a + b, 0) > SLOW_LENGTH;
}

/** A document of a draft, from what `refusePiece` or the parser said. */
export function parsePiece(path: string, piece: DocumentText, parsed: ParsedDocument): FileDocument {
  return parseFileDocument(path, piece.text, piece.line, parsed);
}

/** Undefined where the document may be parsed. */
export function refusePiece(piece: DocumentText): ParsedDocument | undefined {
  if (piece.text.length <= MAX_DOCUMENT_LENGTH) return undefined;
  const message = `The document has ${piece.text.length} characters, more than ${MAX_DOCUMENT_LENGTH}.`;
  return { kind: 'failed', problems: [{ code: 'TG0005', offset: 0, message, remedy: 'Split the document.' }] };
}

/** The file after its new documents (by index of the draft's pieces) are parsed. */
export function finishFile(
  path: string,
  draft: FileDraft,
  parsed: ReadonlyMap<number, FileDocument>,
  previous: FileContent | undefined,
): FileContent {
  const failed = [...parsed.values()].filter((document) => document.failed);
  const skipped = draft.pieces.filter((_, i) => !draft.kept[i] && !parsed.has(i)).length;
  const problems = draft.problem ? [draft.problem] : failed.flatMap((document) => document.diagnostics);
  if (skipped > 0)
    problems.unshift(limitProblem(path, 1, `${skipped} documents are not read, since too many before are broken.`));
  if (problems.length > 0 && previous?.wasGood) return keepFile(previous, problems);

  const documents: FileDocument[] = [];
  let index = 0;
  let hasMoved = false;
  draft.pieces.forEach(({ line }, i) => {
    const document = draft.kept[i] ?? parsed.get(i);
    if (document === undefined || document.failed) return;
    hasMoved ||= draft.kept[i] !== undefined && document.place.line !== line;
    documents.push(moveFileDocument(document, { line, index }));
    index += document.size;
  });
  const consequence = draft.problem ? 'None of them is used.' : 'The other documents of the file are used.';
  return {
    path,
    documents,
    problems: withConsequence(path, problems, consequence),
    wasGood: problems.length === 0,
    moves: (previous?.moves ?? 0) + (hasMoved ? 1 : 0),
  };
}

/** The file as it was, where its present version cannot be used. */
export function keepFile(previous: FileContent, problems: readonly Diagnostic[]): FileContent {
  const consequence = previous.wasGood
    ? 'The last good content of the file stays in force.'
    : 'What was read of it before stays in force.';
  return { ...previous, problems: withConsequence(previous.path, problems, consequence) };
}

/** What cannot be used of the file's objects, listed up to a limit. */
export function unusableObjects(file: FileContent): readonly Diagnostic[] {
  const all = file.documents.flatMap((document) => document.diagnostics);
  const more = all.length - MAX_UNUSABLE_PER_FILE;
  if (more <= 0) return all;
  return [...all.slice(0, MAX_UNUSABLE_PER_FILE), limitProblem(file.path, 1, `${more} more problems are not listed.`)];
}

function withConsequence(path: string, problems: readonly Diagnostic[], consequence: string): readonly Diagnostic[] {
  const listed = problems
    .slice(0, MAX_PROBLEMS_PER_FILE)
    .map((problem) => ({ ...problem, message: `${problem.message} ${consequence}` }));
  const more = problems.length - listed.length;
  return more === 0 ? listed : [...listed, limitProblem(path, 1, `${more} more problems are not listed.`)];
}

export function limitProblem(file: string, line: number, message: string): Diagnostic {
  const remedy = 'Split the file, or check that it is a manifest at all.';
  return { severity: 'error', code: 'TG0005', file, line, column: 1, message, remedy };
}
