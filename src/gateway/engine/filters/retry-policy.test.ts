// What is tried again, and after how long.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PickedHost } from '../cluster/load-balancer.ts';
import type { RetryPolicy } from '../config/engine-config.ts';
import { defaultRetryPolicy } from '../engine-fixture.ts';
import { tryTimeoutMs } from './request-timeout.ts';
import { retriesReset, retriesResponse, retriesTimeout, retryBackOffMs } from './retry-policy.ts';
import { createTriedHosts } from './tried-hosts.ts';

const policy = (...retryOn: string[]): RetryPolicy => ({ ...defaultRetryPolicy, retryOn, retriableStatusCodes: [418] });

describe('a retry policy', () => {
  test('tries answers again that its conditions name', () => {
    assert.ok(retriesResponse(policy('5xx'), 500, []));
    assert.ok(!retriesResponse(policy('gateway-error'), 500, []));
    assert.ok(retriesResponse(policy('gateway-error'), 502, []));
    assert.ok(retriesResponse(policy('retriable-4xx'), 409, []));
    assert.ok(retriesResponse(policy('retriable-status-codes'), 418, []));
    assert.ok(!retriesResponse(policy('5xx'), 418, []));
    assert.ok(retriesResponse(policy('unavailable'), 200, ['grpc-status', '14']));
    assert.ok(retriesResponse(policy('envoy-ratelimited'), 429, ['x-envoy-ratelimited', 'true']));
    assert.ok(!retriesResponse(policy('envoy-ratelimited'), 429, []));
  });
  test('tells failures before the request from those after', () => {
    assert.ok(retriesReset(policy('connect-failure'), 'remote connection failure'));
    assert.ok(retriesReset(policy('reset-before-request'), 'connection timeout'));
    assert.ok(!retriesReset(policy('reset-before-request'), 'connection termination'));
    assert.ok(retriesReset(policy('reset'), 'connection termination'));
    assert.ok(retriesTimeout(policy('reset')) && !retriesTimeout(policy('connect-failure')));
  });
  test('waits longer each time, up to its limit', () => {
    const waits = [1, 2, 3, 40].map((retry) =>
      retryBackOffMs({ ...policy(), backOff: { baseMs: 10, maxMs: 30 } }, retry, () => 0.99),
    );
    assert.deepEqual(waits, [9, 19, 29, 29]);
  });
  test('does not give one try as much time as the whole answer', () => {
    const tryOf = (perTryTimeoutMs: number, timeoutMs: number) =>
      tryTimeoutMs({ ...policy(), perTryTimeoutMs }, timeoutMs);
    assert.deepEqual([tryOf(100, 0), tryOf(100, 200), tryOf(200, 200), tryTimeoutMs(undefined, 5)], [100, 100, 0, 0]);
  });
  test('leaves the priorities tried so far out after every so many tries', () => {
    const tried = createTriedHosts({ ...policy(), avoidPrioritiesEvery: 2 });
    const host = (priority: number): PickedHost => ({
      endpoint: {
        address: '::1',
        port: 80,
        weight: 1,
        healthy: true,
        locality: { region: '', zone: '', subZone: '', priority, weight: 1 },
      },
      key: `[::1]:${priority}`,
      release: () => {},
    });
    tried.add(host(0));
    assert.equal(tried.pickOptions().avoidPriorities, undefined);
    tried.add(host(1));
    assert.deepEqual([...(tried.pickOptions().avoidPriorities ?? [])], [0, 1]);
    assert.equal(tried.pickOptions().avoid?.size, 2);
  });
});
