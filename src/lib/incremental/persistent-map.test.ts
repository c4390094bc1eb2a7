// A persistent map is a Map, whatever was done to it, and tells exactly what two versions differ in.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { deriveIndex, deriveMerged, deriveNamed, deriveSorted, deriveUnion, deriveValues, recall } from './derive.ts';
import { PersistentMap } from './persistent-map.ts';

const key = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map((n) => `host-${n}.example.com`),
  fc.string({ maxLength: 4 }),
);
const edit = fc.tuple(key, fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }));
const batches = fc.array(fc.array(edit, { maxLength: 200 }), { maxLength: 12 });

function applyToMap(map: ReadonlyMap<string, number>, edits: readonly (readonly [string, number | undefined])[]) {
  const next = new Map(map);
  for (const [name, value] of edits)
    if (value === undefined) next.delete(name);
    else next.set(name, value);
  return next;
}

const sorted = <Value>(map: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

describe('a persistent map', () => {
  it('holds what a Map would, and every version stays as it was', () => {
    fc.assert(
      fc.property(batches, (all) => {
        let map = PersistentMap.empty<number>();
        let model: ReadonlyMap<string, number> = new Map();
        const versions: [PersistentMap<number>, ReadonlyMap<string, number>][] = [[map, model]];
        for (const edits of all) {
          map = map.change(edits);
          model = applyToMap(model, edits);
          versions.push([map, model]);
        }
        for (const [version, expected] of versions) {
          assert.deepEqual(sorted(version), sorted(expected));
          assert.equal(version.size, expected.size);
          for (const [name, value] of expected) assert.equal(version.get(name), value);
          assert.equal(version.has('no such key'), false);
        }
      }),
    );
  });

  it('tells what changed between any two versions', () => {
    fc.assert(
      fc.property(batches, batches, (first, second) => {
        const before = first.reduce((map, edits) => map.change(edits), PersistentMap.empty<number>());
        const after = second.reduce((map, edits) => map.change(edits), before);
        const changes = PersistentMap.changesBetween(before, after);
        assert.deepEqual(sorted(before.change(changes.map((change) => [change.key, change.after]))), sorted(after));
        for (const change of changes) {
          assert.equal(change.before, before.get(change.key));
          assert.equal(change.after, after.get(change.key));
          assert.notEqual(change.before, change.after);
        }
        assert.equal(new Set(changes.map((change) => change.key)).size, changes.length);
      }),
    );
  });

  it('is itself where nothing changes', () => {
    const map = PersistentMap.from([['a', 1]]);
    assert.equal(
      map.change([
        ['a', 1],
        ['b', undefined],
      ]),
      map,
    );
    assert.deepEqual(PersistentMap.changesBetween(map, map), []);
  });

  it('grows and shrinks with what it holds', () => {
    const names = Array.from({ length: 50_000 }, (_, i) => `ns/vs-${i}`);
    const full = PersistentMap.from(names.map((name, i) => [name, i + 1] as const));
    assert.equal(full.size, names.length);
    const emptied = full.change(names.slice(1).map((name) => [name, undefined] as const));
    assert.deepEqual([...emptied], [['ns/vs-0', 1]]);
    assert.equal(emptied.change([['ns/vs-0', undefined]]), PersistentMap.empty());
  });
});

describe('what is derived of a map', () => {
  it('is what it would be if it were made anew', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const double = (value: number): number | undefined => (value === 3 ? undefined : value * 2);
        const namesOf = (value: number): readonly string[] => (value === 2 ? ['even', 'two'] : [`n${value}`]);
        const order = (a: readonly [string, number], b: readonly [string, number]): number =>
          a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
        let map = PersistentMap.empty<number>();
        let doubled = deriveValues(undefined, map, double);
        let index = deriveIndex(undefined, map, namesOf);
        let pairs = deriveValues(undefined, map, (value, name): readonly [string, number] => [name, value]);
        let list = deriveSorted(undefined, pairs.output, order);
        for (const edits of all) {
          map = map.change(edits);
          doubled = deriveValues(doubled, map, double);
          index = deriveIndex(index, map, namesOf);
          pairs = deriveValues(pairs, map, (value, name) => [name, value]);
          list = deriveSorted(list, pairs.output, order);
        }
        assert.deepEqual(sorted(doubled.output), sorted(deriveValues(undefined, map, double).output));
        const flat = (of: PersistentMap<PersistentMap<number>>) =>
          sorted(of).map(([name, group]) => [name, sorted(group)]);
        assert.deepEqual(flat(index.output), flat(deriveIndex(undefined, map, namesOf).output));
        assert.deepEqual(list.output, sorted(map));
      }),
    );
  });

  it('is joined with others, and under other names, as if it were made anew', () => {
    const named = (value: number): readonly [string, number] | undefined =>
      value === 3 ? undefined : [`name of ${value}`, value];
    // Each value once, so that each has a name of its own.
    const unique = (map: PersistentMap<number>): PersistentMap<number> =>
      PersistentMap.from(
        [...new Map([...map].map(([name, value]) => [value, name] as const))].map(([value, name]) => [name, value]),
      );
    fc.assert(
      fc.property(
        batches,
        fc.array(fc.tuple(key, fc.integer({ min: 10, max: 12 })), { maxLength: 6 }),
        (all, beside) => {
          let map = PersistentMap.empty<number>();
          let other = PersistentMap.from(beside.map(([name, value]) => [`other ${name}`, value] as const));
          let union = deriveUnion(undefined, map, beside);
          let byName = deriveNamed(undefined, unique(map), named);
          let merged = deriveMerged(undefined, new Map([['one', map]]));
          for (const [i, edits] of all.entries()) {
            map = map.change(edits);
            const more = i % 2 === 0 ? beside : beside.slice(1);
            other = other.change(edits.map(([name, value]) => [`other ${name}`, value] as const));
            union = deriveUnion(union, map, more);
            byName = deriveNamed(byName, unique(map), named);
            const parts =
              i % 3 === 0
                ? new Map([['one', map]])
                : new Map([
                    ['one', map],
                    ['two', other],
                  ]);
            merged = deriveMerged(merged, parts);
            assert.deepEqual(sorted(union.output), sorted(new Map([...more, ...map])));
            assert.deepEqual(sorted(byName.output), sorted(deriveNamed(undefined, unique(map), named).output));
            assert.deepEqual(sorted(merged.output), sorted(new Map([...parts.values()].flatMap((part) => [...part]))));
          }
        },
      ),
    );
  });

  it('is made again for what else it depends on, and keeps its identity where the result is equal', () => {
    const map = PersistentMap.from([
      ['a', 1],
      ['b', 2],
    ]);
    const made: string[] = [];
    const make = (value: number, name: string, before: { n: number } | undefined): { n: number } => {
      made.push(name);
      return before?.n === value ? before : { n: value };
    };
    const first = deriveValues(undefined, map, make);
    const second = deriveValues(first, map, make, ['b']);
    assert.deepEqual(made.sort(), ['a', 'b', 'b']);
    assert.equal(second.output, first.output);
  });

  it('is recalled while all that it is made of is the same', () => {
    const part = {};
    const first = recall(undefined, [part, 1], () => ({}));
    assert.equal(
      recall(first, [part, 1], () => assert.fail('made again')),
      first,
    );
    assert.notEqual(recall(first, [{}, 1], () => ({})).value, first.value);
    assert.notEqual(recall(first, [part], () => ({})).value, first.value);
  });
});
