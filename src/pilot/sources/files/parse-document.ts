// One YAML document -> a plain value, with the offset of each field at hand for as long as it is being parsed.
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument as parseYaml,
  type YAMLError,
} from 'yaml';
import type { DiagnosticCode } from '../../../lib/diagnostic-codes.ts';
import type { FieldPath } from '../../resources/resource.ts';
import { explainYamlError } from './explain-yaml-error.ts';
import { MAX_NESTING, MAX_VALUES } from './limits.ts';

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
  merge: true,
  // Kubernetes reads every key as text.
  stringKeys: true,
  // The library's own check takes quadratic time: see duplicateKeys below.
  uniqueKeys: false,
  // Its pretty errors quote the source, which may be a Secret.
  prettyErrors: false,
  logLevel: 'silent',
} as const;

const MAX_PROBLEMS = 10;
/** The library's bound on aliases; how much they expand to is bounded by MAX_VALUES. */
const MAX_ALIASES = 10_000;

/** Never throws. Time is linear in the text but for merge keys, whose cost is their product. */
export function parseDocument(text: string): ParsedDocument {
  try {
    const document = parseYaml(text, options);
    const problems = [...document.errors.slice(0, MAX_PROBLEMS).map(problemOf), ...checkTree(document)];
    if (problems.length > 0) return { kind: 'failed', problems };
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    const oversize = checkSize(value);
    if (oversize) return { kind: 'failed', problems: [oversize] };
    return {
      kind: 'value',
      value,
      offsetOf: (path) => offsetOf(document, path),
      offsets: (limit) => listOffsets(document, limit),
    };
  } catch (error) {
    return { kind: 'failed', problems: [problemOfThrown(error)] };
  }
}

function problemOf(error: YAMLError): DocumentProblem {
  return { code: 'TG0002', offset: error.pos[0], ...explainYamlError(error.code) };
}

/** The library throws for too many aliases, and runs out of stack for deep nesting. */
function problemOfThrown(error: unknown): DocumentProblem {
  if (error instanceof RangeError) return tooDeep(0);
  if (error instanceof ReferenceError)
    return {
      code: 'TG0005',
      offset: 0,
      message: 'Its aliases expand to too much, or to themselves.',
      remedy: 'Write values out instead of aliases.',
    };
  return { code: 'TG0002', offset: 0, message: 'It is not valid YAML.', remedy: 'Check it with a YAML linter.' };
}

function tooDeep(offset: number): DocumentProblem {
  const message = `It is nested deeper than ${MAX_NESTING} levels.`;
  return { code: 'TG0005', offset, message, remedy: 'No Kubernetes object is that deep: check the file.' };
}

/** Duplicate keys (Kubernetes refuses them: one value would win silently) and nesting; iterative, in linear time. */
function checkTree(document: Document.Parsed): readonly DocumentProblem[] {
  const problems: DocumentProblem[] = [];
  const open: { readonly node: unknown; readonly depth: number }[] = [{ node: document.contents, depth: 0 }];
  for (let next = open.pop(); next !== undefined && problems.length < MAX_PROBLEMS; next = open.pop()) {
    const { node, depth } = next;
    if (isPair(node)) open.push({ node: node.value, depth });
    if (!isMap(node) && !isSeq(node)) continue;
    if (depth >= MAX_NESTING) return [tooDeep(node.range?.[0] ?? 0)];
    if (isMap(node)) problems.push(...duplicateKeys(node.items));
    for (const item of node.items) open.push({ node: item, depth: depth + 1 });
  }
  return problems;
}

function duplicateKeys(pairs: readonly { readonly key: unknown }[]): readonly DocumentProblem[] {
  const seen = new Set<unknown>();
  const problems: DocumentProblem[] = [];
  for (const { key } of pairs) {
    const name = isScalar(key) ? key.value : key;
    if (seen.has(name) && name !== '<<')
      problems.push({
        code: 'TG0002',
        offset: isScalar(key) ? (key.range?.[0] ?? 0) : 0,
        message: 'A key stands twice in one map.',
        remedy: 'Remove one of them.',
      });
    seen.add(name);
  }
  return problems.slice(0, MAX_PROBLEMS);
}

/** Counts values as a reader meets them, aliases each time; shared parts are counted once and multiplied. */
function checkSize(value: unknown): DocumentProblem | undefined {
  const sizes = new Map<object, number>();
  const open = new Set<object>();
  const sizeOf = (part: unknown): number => {
    if (typeof part !== 'object' || part === null) return 1;
    const known = sizes.get(part);
    if (known !== undefined) return known;
    if (open.has(part) || open.size > MAX_NESTING) return Number.POSITIVE_INFINITY;
    open.add(part);
    let size = 1;
    for (const child of Object.values(part)) size += sizeOf(child);
    open.delete(part);
    sizes.set(part, size);
    return size;
  };
  if (sizeOf(value) <= MAX_VALUES) return undefined;
  const message = `Its aliases expand to more than ${MAX_VALUES} values or ${MAX_NESTING} levels, or to themselves.`;
  return { code: 'TG0005', offset: 0, message, remedy: 'Write values out instead of aliases, or split it.' };
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

function startOf(node: unknown): number | undefined {
  return isNodeWithRange(node) ? node.range[0] : undefined;
}

function isNodeWithRange(node: unknown): node is Node & { readonly range: readonly [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
