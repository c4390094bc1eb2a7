// What a cluster may have at a time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noLimits } from '../engine-fixture.ts';
import { createResourceLimits } from './resource-limits.ts';

describe('a limited resource', () => {
  test('is there until it is used up, and again when it is given back', () => {
    const { requests } = createResourceLimits(() => ({ ...noLimits, maxRequests: 2 }));
    const first = requests.take();
    requests.take();
    assert.equal(requests.mayTake(), false);
    first();
    first();
    assert.equal(requests.mayTake(), true);
    assert.equal(requests.used(), 1);
  });

  test('follows a limit that changes', () => {
    let maxConnections = 0;
    const { connections } = createResourceLimits(() => ({ ...noLimits, maxConnections }));
    assert.equal(connections.mayTake(), false);
    maxConnections = 1;
    assert.equal(connections.mayTake(), true);
  });
});

describe('a retry budget', () => {
  const budget = (intervalMs: number, now: () => number = () => 0) =>
    createResourceLimits(
      () => ({ ...noLimits, maxRetries: 0, retryBudget: { percent: 20, minRetryConcurrency: 3, intervalMs } }),
      { now },
    );

  test('is never below its minimum', () => {
    const { retries } = budget(0);
    for (let i = 0; i < 3; i++) {
      assert.equal(retries.mayTake(), true);
      retries.take();
    }
    assert.equal(retries.mayTake(), false);
  });

  test('grows with the requests under way and waiting', () => {
    const { retries, requests, pendingRequests } = budget(0);
    for (let i = 0; i < 3; i++) retries.take();
    for (let i = 0; i < 10; i++) {
      requests.take();
      pendingRequests.take();
    }
    assert.equal(retries.mayTake(), true);
    retries.take();
    assert.equal(retries.mayTake(), false);
  });

  test('counts those of an interval, and forgets them after it', () => {
    let time = 100_000;
    const { retries, requests } = budget(1000, () => time);
    for (let i = 0; i < 20; i++) requests.take()();
    for (let i = 0; i < 3; i++) retries.take();
    assert.equal(retries.mayTake(), true);
    time += 2000;
    assert.equal(retries.mayTake(), false);
  });
});
