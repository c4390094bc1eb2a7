// What a cache tells its subscribers of a new ResourceSet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResourceSet, XdsResource } from '../resource.ts';
import { typeUrls } from '../type-urls.ts';
import { createResourceCache } from './create-resource-cache.ts';
import type { ResourceDiff } from './resource-cache.ts';

const resource = (name: string, version: string): XdsResource => ({
  typeUrl: typeUrls.route,
  name,
  version,
  bytes: new TextEncoder().encode(version),
  references: [],
  owners: [],
});
const routes = (versions: Record<string, string>): ResourceSet =>
  new Map([[typeUrls.route, new Map(Object.entries(versions).map(([name, v]) => [name, resource(name, v)]))]]);

test('reports what was added, changed and removed', () => {
  const cache = createResourceCache(routes({ a: '1', b: '1', c: '1' }));
  const diff = cache.set(routes({ a: '1', b: '2', d: '1' })).get(typeUrls.route);
  assert.deepEqual(
    diff?.added.map((r) => r.name),
    ['d'],
  );
  assert.deepEqual(
    diff?.changed.map((r) => r.name),
    ['b'],
  );
  assert.deepEqual(diff?.removed, ['c']);
});

test('a type that vanishes is all removed', () => {
  const cache = createResourceCache(routes({ a: '1' }));
  assert.deepEqual(cache.set(new Map()).get(typeUrls.route)?.removed, ['a']);
  assert.equal(cache.current.size, 0);
});

test('tells nobody when versions are equal, and keeps the identity of unchanged maps', () => {
  const first = routes({ a: '1' });
  const cache = createResourceCache(first);
  const told: ResourceDiff[] = [];
  cache.subscribe((diff) => told.push(diff));
  assert.equal(cache.set(new Map(first)).size, 0);
  assert.equal(cache.current.get(typeUrls.route), first.get(typeUrls.route));
  assert.equal(told.length, 0);
});

test('takes over new owners of equal content without telling anybody', () => {
  const cache = createResourceCache(routes({ a: '1' }));
  const next = routes({ a: '1' });
  assert.equal(cache.set(next).size, 0);
  assert.equal(cache.current.get(typeUrls.route), next.get(typeUrls.route));
});

test('a listener that ended its subscription is not told', () => {
  const cache = createResourceCache();
  let told = 0;
  const end = cache.subscribe(() => {
    told += 1;
    end();
  });
  cache.set(routes({ a: '1' }));
  cache.set(routes({ a: '2' }));
  assert.equal(told, 1);
});

test('applying the differences to the old set gives the new one', () => {
  const versions = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('1', '2', '3'));
  fc.assert(
    fc.property(versions, versions, (before, after) => {
      const cache = createResourceCache(routes(before));
      const diff = cache.set(routes(after)).get(typeUrls.route);
      const applied = new Map<string, string>(Object.entries(before));
      for (const r of [...(diff?.added ?? []), ...(diff?.changed ?? [])]) applied.set(r.name, r.version);
      for (const name of diff?.removed ?? []) applied.delete(name);
      assert.deepEqual(new Map([...applied].sort()), new Map(Object.entries(after).sort()));
    }),
  );
});
