// A YAML syntax tree -> the plain value it stands for. Linear in what the value expands to, which is bounded.
// (The library's own conversion looks up each alias from the start of the document, and copies merge keys without end.)
import { isAlias, isMap, isScalar, isSeq, type YAMLMap, type YAMLSeq } from 'yaml';
import { MAX_ALIASED_VALUES, MAX_NESTING, MAX_VALUES } from './limits.ts';

export interface ValueProblem {
  readonly kind: 'duplicate-key' | 'too-deep' | 'too-large' | 'alias-of-itself' | 'alias-without-anchor' | 'bad-merge';
  /** Character offset in the document. */
  readonly offset: number;
}

export type BuiltValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly problems: readonly ValueProblem[] };

const MAX_PROBLEMS = 10;

interface Built {
  readonly value: unknown;
  /** Values inside, aliases counted as often as they stand there. */
  readonly size: number;
}

interface Build {
  /** By name; undefined while the value is being built. */
  readonly anchors: Map<string, Built | undefined>;
  readonly problems: ValueProblem[];
  size: number;
  /** How much of `size` comes from aliases. */
  aliased: number;
}

/** `root` is a document's contents. Aliased parts are shared, not copied. */
export function buildValue(root: unknown): BuiltValue {
  const build: Build = { anchors: new Map(), problems: [], size: 0, aliased: 0 };
  const { value } = buildNode(build, root, 0);
  return build.problems.length > 0 ? { kind: 'failed', problems: build.problems } : { kind: 'value', value };
}

const nothing: Built = { value: null, size: 1 };

function fail(build: Build, kind: ValueProblem['kind'], node: unknown): Built {
  if (build.problems.length < MAX_PROBLEMS) build.problems.push({ kind, offset: startOf(node) ?? 0 });
  return nothing;
}

const isTooLarge = (build: Build): boolean => build.size > MAX_VALUES || build.aliased > MAX_ALIASED_VALUES;

const isStopped = (build: Build): boolean => build.problems.length >= MAX_PROBLEMS || isTooLarge(build);

/** Counts what is added to the value; the limit is reported once. */
function grow(build: Build, by: number, isAliased: boolean, node: unknown): void {
  const within = !isTooLarge(build);
  build.size += by;
  if (isAliased) build.aliased += by;
  if (within && isTooLarge(build)) fail(build, 'too-large', node);
}

function buildNode(build: Build, node: unknown, depth: number): Built {
  if (isStopped(build)) return nothing;
  if (isAlias(node)) return buildAlias(build, node.source, node);
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) build.anchors.set(anchor, undefined);
  const before = build.size;
  grow(build, 1, false, node);
  const value = buildContent(build, node, depth);
  const built = { value, size: build.size - before };
  if (anchor !== undefined) build.anchors.set(anchor, built);
  return built;
}

function buildContent(build: Build, node: unknown, depth: number): unknown {
  if (isScalar(node)) return node.value;
  if (!isMap(node) && !isSeq(node)) return null;
  if (depth >= MAX_NESTING) return fail(build, 'too-deep', node).value;
  return isMap(node) ? buildMap(build, node, depth) : buildList(build, node, depth);
}

function buildAlias(build: Build, name: string, node: unknown): Built {
  const built = build.anchors.get(name);
  if (built === undefined)
    return fail(build, build.anchors.has(name) ? 'alias-of-itself' : 'alias-without-anchor', node);
  grow(build, built.size, true, node);
  return built;
}

function buildList(build: Build, list: YAMLSeq, depth: number): readonly unknown[] {
  const items: unknown[] = [];
  for (const item of list.items) {
    if (isStopped(build)) break;
    items.push(buildNode(build, item, depth + 1).value);
  }
  return items;
}

function buildMap(build: Build, map: YAMLMap, depth: number): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  const merges: unknown[] = [];
  for (const { key, value } of map.items) {
    if (isStopped(build)) break;
    const name = keyOf(build, key);
    if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
      merges.push(value);
      continue;
    }
    // Kubernetes refuses a key that stands twice: one of the values would win silently.
    if (Object.hasOwn(fields, name)) fail(build, 'duplicate-key', key);
    setField(fields, name, buildNode(build, value, depth + 1).value);
  }
  for (const merge of merges) mergeFields(build, fields, merge, depth + 1);
  return fields;
}

/** Kubernetes reads every key as text. */
function keyOf(build: Build, key: unknown): string {
  if (isScalar(key)) return String(key.value);
  return isAlias(key) ? String(buildAlias(build, key.source, key).value) : '';
}

/** `<<: *map` or `<<: [*map, *other]`: what stands there already wins. */
function mergeFields(build: Build, fields: Record<string, unknown>, node: unknown, depth: number): void {
  const { value } = buildNode(build, node, depth);
  for (const source of Array.isArray(value) ? value : [value]) {
    if (isStopped(build)) return;
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      fail(build, 'bad-merge', node);
      return;
    }
    for (const [name, field] of Object.entries(source)) if (!Object.hasOwn(fields, name)) setField(fields, name, field);
  }
}

/** Never the setter of `__proto__`. */
function setField(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
  else fields[name] = value;
}

/** Offset of a node, undefined for one without a place in the text. */
export function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const [start]: unknown[] = node.range;
  return typeof start === 'number' ? start : undefined;
}
