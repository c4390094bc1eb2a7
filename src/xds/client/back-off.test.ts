// The pauses of a client whose server is away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBackOff } from './back-off.ts';

test('doubles up to its bound, and starts again after a success', () => {
  const backOff = createBackOff({ initialMs: 100, maxMs: 500, random: () => 1 });
  assert.deepEqual([backOff.next(), backOff.next(), backOff.next(), backOff.next()], [100, 200, 400, 500]);
  backOff.reset();
  assert.equal(backOff.next(), 100);
});

test('never asks in a loop and never waits longer than its bound', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 3000 }), (random, failures) => {
      const backOff = createBackOff({ initialMs: 100, maxMs: 10_000, random: () => random });
      for (let i = 0; i < failures; i += 1) {
        const delay = backOff.next();
        assert.ok(delay >= 10 && delay <= 10_000);
      }
    }),
    { numRuns: 30 },
  );
});
