// Turns a field of a document into line and column: from the syntax tree while there is one, else from the text again.
import type { FieldPath } from '../../resources/resource.ts';
import { type ParsedDocument, parseDocument } from './parse-document.ts';

/** Line and column from 1, relative to the document's text. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface DocumentPositions {
  positionOf(path: FieldPath): Position;
  positionAt(offset: number): Position;
}

interface Tree {
  offsetOf(path: FieldPath): number;
}

/**
 * The tree of a small document is held weakly and parsed again when needed; `tree` of one that was parsed elsewhere is
 * compact and kept.
 */
export function createDocumentPositions(text: string, parsed: ParsedDocument, keep: boolean): DocumentPositions {
  const kept = keep && parsed.kind === 'value' ? parsed : undefined;
  let weak = parsed.kind === 'value' && !keep ? new WeakRef<Tree>(parsed) : undefined;
  let starts: readonly number[] | undefined;
  const known = new Map<string, Position>();

  const tree = (): Tree | undefined => {
    const held = kept ?? weak?.deref();
    if (held) return held;
    const again = parseDocument(text);
    if (again.kind !== 'value') return undefined;
    weak = new WeakRef<Tree>(again);
    return again;
  };
  const positionAt = (offset: number): Position => {
    starts ??= lineStarts(text);
    const line = lastAtMost(starts, offset);
    return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  };
  return {
    positionAt,
    positionOf(path) {
      const key = JSON.stringify(path);
      const position = known.get(key) ?? positionAt(tree()?.offsetOf(path) ?? 0);
      known.set(key, position);
      return position;
    },
  };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last start at or before the offset. */
function lastAtMost(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
