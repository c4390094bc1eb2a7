// An immutable map that shares with its earlier versions all that stayed the same: what makes a change cost what changed.

/** Entries to a bucket, on average, when it is time for more buckets. */
const crowded = 16;
const growth = 4;

type Bucket<Value> = ReadonlyMap<string, Value>;
type Buckets<Value> = readonly (Bucket<Value> | undefined)[];

/** FNV-1a: spreads names that differ in one digit. */
function hash(key: string): number {
  let code = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) code = Math.imul(code ^ key.charCodeAt(i), 0x01000193);
  return (code ^ (code >>> 15)) >>> 0;
}

export interface Change<Value> {
  readonly key: string;
  /** Undefined: it was not there. */
  readonly before: Value | undefined;
  /** Undefined: it is gone. */
  readonly after: Value | undefined;
}

/** `undefined` takes the key away. */
export type Edit<Value> = readonly [key: string, value: Value | undefined];

/**
 * Values are compared by identity. Looking up takes constant time, an edit about the square root of the size at worst, and
 * `changesBetween` two versions what changed between them. Iteration has no order that means anything.
 */
export class PersistentMap<Value> implements ReadonlyMap<string, Value> {
  readonly size: number;
  readonly #buckets: Buckets<Value>;

  private constructor(buckets: Buckets<Value>, size: number) {
    this.#buckets = buckets;
    this.size = size;
  }

  static readonly #nothing = new PersistentMap<never>([undefined], 0);

  static empty<Value>(): PersistentMap<Value> {
    return PersistentMap.#nothing;
  }

  static from<Value>(entries: Iterable<readonly [string, Value]>): PersistentMap<Value> {
    return PersistentMap.empty<Value>().change(entries);
  }

  get(key: string): Value | undefined {
    return this.#buckets[hash(key) & (this.#buckets.length - 1)]?.get(key);
  }

  has(key: string): boolean {
    return this.#buckets[hash(key) & (this.#buckets.length - 1)]?.has(key) === true;
  }

  /** The map itself where no edit says anything new. Of several edits of a key the last one counts. */
  change(edits: Iterable<Edit<Value>>): PersistentMap<Value> {
    let buckets: (Map<string, Value> | Bucket<Value> | undefined)[] | undefined;
    let size = this.size;
    let mask = this.#buckets.length - 1;
    const own = new Set<number>();
    for (const [key, value] of edits) {
      const at = hash(key) & mask;
      const bucket = (buckets ?? this.#buckets)[at];
      const before = bucket?.get(key);
      if (before === value) continue;
      buckets ??= [...this.#buckets];
      const changed = own.has(at) && bucket ? (bucket as Map<string, Value>) : new Map(bucket);
      if (changed !== bucket) {
        own.add(at);
        buckets[at] = changed;
      }
      if (value === undefined) changed.delete(key);
      else changed.set(key, value);
      size += (value === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
      if (size > buckets.length * crowded) {
        buckets = spread(buckets, buckets.length * growth);
        mask = buckets.length - 1;
        own.clear();
        for (let i = 0; i < buckets.length; i += 1) own.add(i);
      }
    }
    if (buckets === undefined) return this;
    if (size === 0) return PersistentMap.empty();
    const isSparse = buckets.length > 1 && size < (buckets.length * crowded) / (growth * growth);
    return new PersistentMap(isSparse ? spread(buckets, buckets.length / growth) : buckets, size);
  }

  /** In no order. */
  static changesBetween<Value>(before: PersistentMap<Value>, after: PersistentMap<Value>): readonly Change<Value>[] {
    if (before === after) return [];
    const changes: Change<Value>[] = [];
    const [old, now] = [before.#buckets, after.#buckets];
    if (old.length === now.length) {
      for (let i = 0; i < now.length; i += 1) if (old[i] !== now[i]) compare(old[i], now[i], changes);
    } else compare(before, after, changes);
    return changes;
  }

  *entries(): MapIterator<[string, Value]> {
    for (const bucket of this.#buckets) if (bucket !== undefined) yield* bucket;
  }

  *keys(): MapIterator<string> {
    for (const bucket of this.#buckets) if (bucket !== undefined) yield* bucket.keys();
  }

  *values(): MapIterator<Value> {
    for (const bucket of this.#buckets) if (bucket !== undefined) yield* bucket.values();
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }

  forEach(tell: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [key, value] of this) tell(value, key, this);
  }
}

function compare<Value>(
  before: ReadonlyMap<string, Value> | undefined,
  after: ReadonlyMap<string, Value> | undefined,
  changes: Change<Value>[],
): void {
  for (const [key, value] of after ?? []) {
    const old = before?.get(key);
    if (old !== value) changes.push({ key, before: old, after: value });
  }
  for (const [key, value] of before ?? [])
    if (after?.has(key) !== true) changes.push({ key, before: value, after: undefined });
}

function spread<Value>(buckets: Buckets<Value>, count: number): (Map<string, Value> | undefined)[] {
  const wider: (Map<string, Value> | undefined)[] = new Array(count).fill(undefined);
  for (const bucket of buckets)
    for (const [key, value] of bucket ?? []) {
      const at = hash(key) & (count - 1);
      const own = wider[at] ?? new Map<string, Value>();
      wider[at] = own.set(key, value);
    }
  return wider;
}

/** As it is where it is one already. */
export const persistent = <Value>(map: ReadonlyMap<string, Value>): PersistentMap<Value> =>
  map instanceof PersistentMap ? (map as PersistentMap<Value>) : PersistentMap.from(map);
