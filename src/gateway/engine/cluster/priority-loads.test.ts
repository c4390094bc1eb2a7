// How requests are shared among priorities: Envoy's numbers, and what holds for any of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { computePriorityLoads, type PriorityHealth, pickPriority } from './priority-loads.ts';

const options = { overprovisioningFactorPercent: 140, healthyPanicThresholdPercent: 0 };
const loadsOf = (...health: readonly (readonly [healthy: number, hosts: number])[]): readonly number[] =>
  computePriorityLoads(
    health.map(([healthy, hosts]) => ({ healthy, hosts })),
    options,
  ).loads;

describe('computePriorityLoads', () => {
  // The table of Envoy's documentation (arch_overview/upstream/load_balancing/priority), for two and three levels.
  it('gives what Envoy documents', () => {
    assert.deepEqual(loadsOf([100, 100], [100, 100]), [100, 0]);
    assert.deepEqual(loadsOf([72, 100], [72, 100]), [100, 0]);
    assert.deepEqual(loadsOf([71, 100], [71, 100]), [99, 1]);
    assert.deepEqual(loadsOf([50, 100], [50, 100]), [70, 30]);
    assert.deepEqual(loadsOf([25, 100], [100, 100]), [35, 65]);
    assert.deepEqual(loadsOf([25, 100], [25, 100]), [50, 50]);
    assert.deepEqual(loadsOf([0, 100], [100, 100], [100, 100]), [0, 100, 0]);
    assert.deepEqual(loadsOf([50, 100], [0, 100], [50, 100]), [70, 0, 30]);
    assert.deepEqual(loadsOf([20, 100], [20, 100], [20, 100]), [34, 33, 33]);
  });

  const priority: fc.Arbitrary<PriorityHealth> = fc
    .tuple(fc.nat(20), fc.nat(20))
    .map(([a, b]) => ({ hosts: Math.max(a, b), healthy: Math.min(a, b) }));
  const priorities = fc.array(priority, { minLength: 1, maxLength: 6 });

  it('hands out everything, and nothing where nobody is healthy as long as somebody is elsewhere', () => {
    fc.assert(
      fc.property(priorities, (health) => {
        const { loads, panic } = computePriorityLoads(health, options);
        assert.equal(
          loads.reduce((sum, load) => sum + load, 0),
          100,
        );
        assert.ok(loads.every((load) => load >= 0));
        assert.ok(!panic.some(Boolean), 'a threshold of 0 is no panic');
        if (health.some(({ healthy }) => healthy > 0))
          for (const [i, { healthy }] of health.entries()) if (healthy === 0) assert.equal(loads[i], 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves to later priorities only what earlier ones cannot take', () => {
    fc.assert(
      fc.property(priorities, (health) => {
        const { loads } = computePriorityLoads(health, options);
        const full = health.findIndex(({ hosts, healthy }) => hosts > 0 && 140 * healthy >= 100 * hosts);
        if (full >= 0) for (const load of loads.slice(full + 1)) assert.equal(load, 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a priority no less when one more of its hosts is healthy', () => {
    fc.assert(
      fc.property(priorities, fc.nat(5), (health, at) => {
        const index = at % health.length;
        const better = health.map((one, i) =>
          i === index ? { ...one, healthy: Math.min(one.hosts, one.healthy + 1) } : one,
        );
        const before = computePriorityLoads(health, options).loads[index] ?? 0;
        const after = computePriorityLoads(better, options).loads[index] ?? 0;
        // What is left over by rounding may come and go.
        if (health.some(({ healthy }) => healthy > 0)) assert.ok(after >= before - health.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('is picked from in the same proportion', () => {
    fc.assert(
      fc.property(priorities, (health) => {
        const computed = computePriorityLoads(health, options);
        const picked = new Map<number, number>();
        for (let draw = 0; draw < 100; draw++) {
          const index = pickPriority(computed, draw);
          picked.set(index, (picked.get(index) ?? 0) + 1);
        }
        assert.deepEqual(
          computed.loads,
          health.map((_, i) => picked.get(i) ?? 0),
        );
      }),
    );
  });
});
