// Which of several weighted clusters a request goes to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pickCluster } from './pick-cluster.ts';

const weighted = (...weights: readonly number[]) => ({
  entries: weights.map((weight, index) => ({ cluster: `c${index}`, weight })),
  totalWeight: weights.reduce((sum, weight) => sum + weight, 0),
});

test('shares by weight, over every point of the range', () => {
  const counts = new Map<string | undefined, number>();
  for (let i = 0; i < 1000; i++) {
    const cluster = pickCluster(weighted(75, 0, 25), () => i / 1000)?.cluster;
    counts.set(cluster, (counts.get(cluster) ?? 0) + 1);
  }
  assert.deepEqual(
    [...counts],
    [
      ['c0', 750],
      ['c2', 250],
    ],
  );
});

test('a single cluster needs no weight', () => {
  assert.equal(pickCluster(weighted(0), () => 0.5)?.cluster, 'c0');
});

test('always finds one with a weight', () => {
  const weights = fc
    .array(fc.nat(4_294_967_295), { minLength: 2, maxLength: 5 })
    .filter((all) => all.some((one) => one > 0));
  fc.assert(
    fc.property(weights, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (all, random) => {
      const cluster = pickCluster(weighted(...all), () => random)?.cluster;
      assert.ok(cluster !== undefined && (all[Number(cluster.slice(1))] ?? 0) > 0);
    }),
  );
});
