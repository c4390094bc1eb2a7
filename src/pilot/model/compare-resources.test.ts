// One total order of objects, with and without timestamps.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Resource } from '../resources/resource.ts';
import { compareResources } from './compare-resources.ts';

function object(name: string, creationTimestamp: number | undefined, source = 'a.yaml', index = 0): Resource<'Pod'> {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name, namespace: 'default', labels: {}, annotations: {}, creationTimestamp },
    spec: {
      podIP: undefined,
      ready: true,
      nodeName: undefined,
      serviceAccountName: undefined,
      containerPorts: [],
    },
    origin: { source, index, locate: () => undefined },
    diagnostics: [],
  };
}

const names = (objects: readonly Resource[]): readonly string[] =>
  objects.toSorted(compareResources).map(({ metadata }) => metadata.name);

describe('compareResources', () => {
  it('asks for the age, then the name', () => {
    assert.deepEqual(names([object('b', 2), object('z', 1), object('a', 2)]), ['z', 'a', 'b']);
  });

  it('asks for file and position where there is no age', () => {
    const objects = [
      object('a', undefined, 'b.yaml'),
      object('z', undefined, 'a.yaml', 2),
      object('y', undefined, 'a.yaml', 7),
    ];
    assert.deepEqual(names(objects), ['z', 'y', 'a']);
  });

  it('puts objects without an age after those with one', () => {
    assert.deepEqual(names([object('a', undefined), object('b', 5)]), ['b', 'a']);
  });

  it('gives the same order whatever order it is given', () => {
    const one = fc
      .record({
        name: fc.constantFrom('a', 'b', 'c'),
        age: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
        source: fc.constantFrom('a', 'b'),
        index: fc.integer({ min: 0, max: 2 }),
      })
      .map(({ name, age, source, index }) => object(name, age, source, index));
    const key = ({ metadata, origin }: Resource): string =>
      JSON.stringify([metadata.name, metadata.creationTimestamp, origin.source, origin.index]);
    fc.assert(
      fc.property(fc.uniqueArray(one, { selector: key, maxLength: 8 }), (objects) => {
        const order = (list: readonly Resource[]) =>
          list.toSorted(compareResources).map(({ metadata: { name, creationTimestamp } }) => [name, creationTimestamp]);
        assert.deepEqual(order(objects), order(objects.toReversed()));
      }),
    );
  });
});
