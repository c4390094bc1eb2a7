// One YAML document -> a plain value, with the offset of each field at hand for as long as its tree is held.
import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument as parseYaml } from 'yaml';
import type { DiagnosticCode } from '../../../lib/diagnostic-codes.ts';
import type { FieldPath } from '../../resources/resource.ts';
import { buildValue, startOf } from './build-value.ts';
import { explainValueProblem, explainYamlError, tooDeep } from './explain-yaml-error.ts';
import { nestsTooDeep } from './nests-too-deep.ts';

export interface DocumentProblem {
  readonly code: Extract<DiagnosticCode, 'TG0002' | 'TG0005'>;
  /** Character offset in the document. */
  readonly offset: number;
  readonly message: string;
  readonly remedy: string;
}

export type ParsedDocument =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      /** Character offset of a field, or of its nearest ancestor that exists. */
      offsetOf(path: FieldPath): number;
      /** The same for at most `limit` fields, outer ones first, by path as JSON: for another thread. */
      offsets?(limit: number): ReadonlyMap<string, number>;
    }
  | { readonly kind: 'failed'; readonly problems: readonly DocumentProblem[] };

const options = {
  version: '1.2',
  schema: 'core',
  // Kubernetes reads every key as text.
  stringKeys: true,
  // buildValue finds them; the library's own check takes quadratic time.
  uniqueKeys: false,
  // Pretty errors quote the source, which may be a Secret.
  prettyErrors: false,
  logLevel: 'silent',
} as const;

const MAX_PROBLEMS = 10;

/** Never throws. */
export function parseDocument(text: string): ParsedDocument {
  try {
    if (nestsTooDeep(text)) return { kind: 'failed', problems: [{ offset: 0, ...tooDeep }] };
    const document = parseYaml(text, options);
    if (document.errors.length > 0) {
      const errors = document.errors.slice(0, MAX_PROBLEMS);
      const problems = errors.map((error) => ({ offset: error.pos[0], ...explainYamlError(error.code) }));
      return { kind: 'failed', problems };
    }
    const built = buildValue(document.contents);
    if (built.kind === 'failed') {
      const problems = built.problems.map(({ kind, offset }) => ({ offset, ...explainValueProblem(kind) }));
      return { kind: 'failed', problems };
    }
    return {
      kind: 'value',
      value: built.value,
      offsetOf: (path) => offsetOf(document, path),
      offsets: (limit) => listOffsets(document, limit),
    };
  } catch (error) {
    // Deep nesting runs out of stack.
    const problem = error instanceof RangeError ? tooDeep : explainYamlError('IMPOSSIBLE');
    return { kind: 'failed', problems: [{ offset: 0, ...problem }] };
  }
}

function offsetOf(document: Document.Parsed, path: FieldPath): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    const [child, at] = childOf(node, part);
    if (at === undefined) break;
    offset = at;
    node = child;
  }
  return offset;
}

/** The child and where it stands: a map's entry at its key. */
function childOf(node: unknown, part: string | number): readonly [unknown, number | undefined] {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
    return pair ? [pair.value, startOf(pair.key)] : [undefined, undefined];
  }
  if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
    const item = node.items[part];
    return [item, startOf(item)];
  }
  return [undefined, undefined];
}

/** Breadth first, so that a limit cuts the deepest fields. Aliases are not followed: the field that has one answers. */
function listOffsets(document: Document.Parsed, limit: number): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>();
  const queue: { readonly node: unknown; readonly path: FieldPath; readonly offset: number | undefined }[] = [
    { node: document.contents, path: [], offset: startOf(document.contents) },
  ];
  for (const { node, path, offset } of queue) {
    if (offsets.size >= limit) break;
    if (offset !== undefined) offsets.set(JSON.stringify(path), offset);
    if (queue.length > limit) continue;
    if (isMap(node))
      for (const { key, value } of node.items)
        queue.push({ node: value, path: [...path, String(isScalar(key) ? key.value : key)], offset: startOf(key) });
    if (isSeq(node))
      for (const [i, item] of node.items.entries())
        queue.push({ node: item, path: [...path, i], offset: startOf(item) });
  }
  return offsets;
}
