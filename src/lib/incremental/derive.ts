// Maps made of maps: each takes its earlier result along and works only on the entries that differ from then.
import { PersistentMap } from './persistent-map.ts';

/** A result, and what it was made of. */
export interface Derived<Input, Output> {
  readonly input: PersistentMap<Input>;
  readonly output: PersistentMap<Output>;
}

/** With those that are made `again`, though the entry itself is the same: something else that it is made of has changed. */
function touched<Input>(
  previous: PersistentMap<Input>,
  input: PersistentMap<Input>,
  again: Iterable<string>,
): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { key } of PersistentMap.changesBetween(previous, input)) keys.add(key);
  for (const key of again) keys.add(key);
  return keys;
}

/**
 * One value for each, or none. `make` is given what it made before, and gives back the same object where the new one would be
 * equal: then nobody after it has anything to do.
 */
export function deriveValues<Input, Output>(
  previous: Derived<Input, Output> | undefined,
  input: PersistentMap<Input>,
  make: (value: Input, key: string, before: Output | undefined) => Output | undefined,
  again: Iterable<string> = [],
): Derived<Input, Output> {
  const known = previous ?? { input: PersistentMap.empty<Input>(), output: PersistentMap.empty<Output>() };
  const edits: (readonly [string, Output | undefined])[] = [];
  for (const key of touched(known.input, input, again)) {
    const value = input.get(key);
    edits.push([key, value === undefined ? undefined : make(value, key, known.output.get(key))]);
  }
  return { input, output: known.output.change(edits) };
}

/** The same entries under each of their names: name → key → value. A name without entries is not there. */
export function deriveIndex<Value>(
  previous: Derived<Value, PersistentMap<Value>> | undefined,
  input: PersistentMap<Value>,
  namesOf: (value: Value) => Iterable<string>,
): Derived<Value, PersistentMap<Value>> {
  const known = previous ?? {
    input: PersistentMap.empty<Value>(),
    output: PersistentMap.empty<PersistentMap<Value>>(),
  };
  const edits = new Map<string, [string, Value | undefined][]>();
  const note = (name: string, key: string, value: Value | undefined): void => {
    const list = edits.get(name);
    if (list) list.push([key, value]);
    else edits.set(name, [[key, value]]);
  };
  for (const { key, before, after } of PersistentMap.changesBetween(known.input, input)) {
    const names = new Set(after === undefined ? [] : namesOf(after));
    for (const name of before === undefined ? [] : namesOf(before)) if (!names.has(name)) note(name, key, undefined);
    for (const name of names) note(name, key, after);
  }
  const groups = [...edits].map(([name, list]) => {
    const group = (known.output.get(name) ?? PersistentMap.empty<Value>()).change(list);
    return [name, group.size === 0 ? undefined : group] as const;
  });
  return { input, output: known.output.change(groups) };
}

/** The same values, or parts of them, under other names; each has one of its own. */
export function deriveNamed<Input, Output>(
  previous: Derived<Input, Output> | undefined,
  input: PersistentMap<Input>,
  nameOf: (value: Input) => readonly [name: string, value: Output] | undefined,
): Derived<Input, Output> {
  const known = previous ?? { input: PersistentMap.empty<Input>(), output: PersistentMap.empty<Output>() };
  const changes = PersistentMap.changesBetween(known.input, input);
  const edits = new Map<string, Output | undefined>();
  for (const { before } of changes) {
    const old = before === undefined ? undefined : nameOf(before);
    if (old !== undefined) edits.set(old[0], undefined);
  }
  for (const { after } of changes) {
    const now = after === undefined ? undefined : nameOf(after);
    if (now !== undefined) edits.set(...now);
  }
  return { input, output: known.output.change(edits) };
}

/** A map and a few more entries beside it; where both have a key, the map's counts. */
export interface Union<Value> {
  readonly input: PersistentMap<Value>;
  readonly more: readonly (readonly [key: string, value: Value])[];
  readonly output: PersistentMap<Value>;
}

export function deriveUnion<Value>(
  previous: Union<Value> | undefined,
  input: PersistentMap<Value>,
  more: Union<Value>['more'],
): Union<Value> {
  const known = previous ?? { input: PersistentMap.empty<Value>(), more: [], output: PersistentMap.empty<Value>() };
  const changes = PersistentMap.changesBetween(known.input, input);
  if (changes.length === 0 && known.more === more) return known;
  const beside = new Map(more);
  const keys = new Set(
    [...changes, ...(known.more === more ? [] : [...known.more, ...more].map(([key]) => ({ key })))].map(
      ({ key }) => key,
    ),
  );
  return { input, more, output: known.output.change([...keys].map((key) => [key, input.get(key) ?? beside.get(key)])) };
}

/** Several maps as one; their keys are others each. */
export interface Merged<Value> {
  readonly parts: ReadonlyMap<string, PersistentMap<Value>>;
  readonly output: PersistentMap<Value>;
}

export function deriveMerged<Value>(previous: Merged<Value> | undefined, parts: Merged<Value>['parts']): Merged<Value> {
  const none = PersistentMap.empty<Value>();
  const changes = [...new Set([...(previous?.parts.keys() ?? []), ...parts.keys()])].flatMap((part) =>
    PersistentMap.changesBetween(previous?.parts.get(part) ?? none, parts.get(part) ?? none),
  );
  // What leaves one part may come in another.
  const edits = new Map<string, Value | undefined>();
  for (const { key, after } of changes) if (after === undefined) edits.set(key, undefined);
  for (const { key, after } of changes) if (after !== undefined) edits.set(key, after);
  return { parts, output: (previous?.output ?? none).change(edits) };
}

/** A list of the values in order, kept in order. */
export interface Sorted<Value> {
  readonly input: PersistentMap<Value>;
  readonly output: readonly Value[];
}

/** `compare` tells any two values apart. What is few changes is put in place one by one; else all is sorted. */
export function deriveSorted<Value>(
  previous: Sorted<Value> | undefined,
  input: PersistentMap<Value>,
  compare: (a: Value, b: Value) => number,
): Sorted<Value> {
  if (previous === undefined) return { input, output: [...input.values()].sort(compare) };
  const changes = PersistentMap.changesBetween(previous.input, input);
  if (changes.length === 0) return { input, output: previous.output };
  if (changes.length > 16) return { input, output: [...input.values()].sort(compare) };
  const output = [...previous.output];
  for (const { before } of changes) {
    if (before === undefined) continue;
    const at = placeOf(output, before, compare);
    // What is gone may no longer know its place among the others.
    if (output[at] !== before) return { input, output: [...input.values()].sort(compare) };
    output.splice(at, 1);
  }
  for (const { after } of changes) if (after !== undefined) output.splice(placeOf(output, after, compare), 0, after);
  return { input, output };
}

function placeOf<Value>(list: readonly Value[], value: Value, compare: (a: Value, b: Value) => number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(list[middle] as Value, value) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A value, and all that it was made of. */
export interface Recalled<Value> {
  readonly of: readonly unknown[];
  readonly value: Value;
}

/** `make` again only where one of `of` is not what it was (by identity). */
export function recall<Value>(
  previous: Recalled<Value> | undefined,
  of: readonly unknown[],
  make: () => Value,
): Recalled<Value> {
  const isSame = previous?.of.length === of.length && of.every((part, i) => Object.is(part, previous.of[i]));
  return previous !== undefined && isSame ? previous : { of, value: make() };
}
