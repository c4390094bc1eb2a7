// Which endpoint gets a request. Randomness is seeded: what is likely is certain here.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ClusterConfig, Endpoint, LoadBalancingConfig } from '../config/engine-config.ts';
import { keptConnections, noLimits } from '../engine-fixture.ts';
import { createLoadBalancer, hostKey } from './create-load-balancer.ts';
import type { LoadBalancer } from './load-balancer.ts';

/** mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface EndpointFixture extends Partial<Omit<Endpoint, 'locality'>> {
  readonly priority?: number;
  readonly zone?: string;
  readonly localityWeight?: number;
}

const endpoint = (
  port: number,
  { priority = 0, zone = '', localityWeight = 1, ...fields }: EndpointFixture = {},
): Endpoint => ({
  address: '127.0.0.1',
  port,
  weight: 1,
  healthy: true,
  locality: { region: '', zone, subZone: '', priority, weight: localityWeight },
  ...fields,
});

const settings: LoadBalancingConfig = {
  healthyPanicThresholdPercent: 0,
  overprovisioningFactorPercent: 140,
  localityWeighted: false,
  choiceCount: 2,
  activeRequestBias: 1,
  ringSize: { minimum: 1024, maximum: 8_388_608 },
  tableSize: 65_537,
  updateMergeWindowMs: 1000,
};

const cluster = (
  lbPolicy: ClusterConfig['lbPolicy'],
  endpoints: readonly Endpoint[],
  lb: Partial<LoadBalancingConfig> = {},
): ClusterConfig => ({
  name: 'outbound|80||a.default.svc.cluster.local',
  version: '1',
  connectTimeoutMs: 1000,
  protocol: 'http1',
  connections: keptConnections,
  circuitBreakers: noLimits,
  lbPolicy,
  lb: { ...settings, ...lb },
  endpoints,
});

/** Ports picked, with how often each. */
function count(balancer: LoadBalancer, picks: number): Record<number, number> {
  const counts: Record<number, number> = {};
  for (let i = 0; i < picks; i++) {
    const host = balancer.pick();
    if (!host) continue;
    counts[host.endpoint.port] = (counts[host.endpoint.port] ?? 0) + 1;
    host.release();
  }
  return counts;
}

function assertShares(counts: Record<number, number>, shares: Record<number, number>, tolerance = 0.02): void {
  const total = Object.values(counts).reduce((sum, value) => sum + value, 0);
  const ports = new Set([...Object.keys(counts), ...Object.keys(shares)].map(Number));
  for (const port of ports) {
    const share = (counts[port] ?? 0) / total;
    assert.ok(Math.abs(share - (shares[port] ?? 0)) <= tolerance, `${port} got ${share}, not ${shares[port] ?? 0}`);
  }
}

test('has nothing to pick without endpoints', () => {
  for (const policy of ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM'] as const)
    assert.equal(createLoadBalancer(cluster(policy, [])).pick(), undefined);
});

describe('ROUND_ROBIN', () => {
  test('takes one after the other', () => {
    const balancer = createLoadBalancer(
      cluster(
        'ROUND_ROBIN',
        [1, 2, 3].map((port) => endpoint(port)),
      ),
      { random: seeded(1) },
    );
    assert.deepEqual(count(balancer, 300), { 1: 100, 2: 100, 3: 100 });
  });

  test('begins anywhere', () => {
    const first = (seed: number): number | undefined =>
      createLoadBalancer(
        cluster(
          'ROUND_ROBIN',
          [1, 2, 3].map((port) => endpoint(port)),
        ),
        { random: seeded(seed) },
      ).pick()?.endpoint.port;
    assert.deepEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(first)), new Set([1, 2, 3]));
  });

  test('follows weights exactly, and evenly', () => {
    const endpoints = [endpoint(1, { weight: 5 }), endpoint(2, { weight: 1 }), endpoint(3, { weight: 2 })];
    const balancer = createLoadBalancer(cluster('ROUND_ROBIN', endpoints), { random: seeded(1) });
    assertShares(count(balancer, 800), { 1: 5 / 8, 2: 1 / 8, 3: 2 / 8 }, 0.003);
    const sixteen = Array.from({ length: 16 }, () => balancer.pick()?.endpoint.port);
    assert.ok(sixteen.indexOf(2) < 8, 'the light one is not put off to the end');
  });
});

test('RANDOM gives all the same, whatever their weights', () => {
  const endpoints = [endpoint(1, { weight: 9 }), endpoint(2)];
  assertShares(count(createLoadBalancer(cluster('RANDOM', endpoints), { random: seeded(2) }), 10_000), {
    1: 0.5,
    2: 0.5,
  });
});

describe('LEAST_REQUEST', () => {
  test('is even among idle hosts', () => {
    const balancer = createLoadBalancer(
      cluster(
        'LEAST_REQUEST',
        [1, 2, 3, 4].map((port) => endpoint(port)),
      ),
      { random: seeded(3) },
    );
    assertShares(count(balancer, 10_000), { 1: 0.25, 2: 0.25, 3: 0.25, 4: 0.25 });
  });

  test('a busy host is taken only if both choices fall on it', () => {
    const balancer = createLoadBalancer(
      cluster(
        'LEAST_REQUEST',
        [1, 2, 3, 4].map((port) => endpoint(port)),
      ),
      { random: seeded(4) },
    );
    for (let busy = 0; busy < 10; ) {
      const host = balancer.pick();
      if (host?.endpoint.port === 1) busy++;
      else host?.release();
    }
    assertShares(count(balancer, 10_000), { 1: 1 / 16, 2: 5 / 16, 3: 5 / 16, 4: 5 / 16 });
  });

  test('with unequal weights, requests in flight lessen a weight', () => {
    const balancer = createLoadBalancer(cluster('LEAST_REQUEST', [endpoint(1, { weight: 4 }), endpoint(2)]), {
      random: seeded(5),
    });
    assertShares(count(balancer, 1000), { 1: 0.8, 2: 0.2 }, 0.01);
    for (let busy = 0; busy < 3; ) {
      const host = balancer.pick();
      if (host?.endpoint.port === 1) busy++;
      else host?.release();
    }
    // 4 / (3 + 1) against 1.
    assertShares(count(balancer, 1000), { 1: 0.5, 2: 0.5 }, 0.01);
  });
});

describe('requests in flight', () => {
  test('are counted until released, once', () => {
    const balancer = createLoadBalancer(cluster('ROUND_ROBIN', [endpoint(1)]));
    const host = balancer.pick();
    assert.equal(balancer.active('127.0.0.1:1'), 1);
    host?.release();
    host?.release();
    assert.equal(balancer.active('127.0.0.1:1'), 0);
  });

  test('are kept over endpoint updates, also of a host that left and came back', () => {
    const balancer = createLoadBalancer(cluster('LEAST_REQUEST', [endpoint(1)]));
    const host = balancer.pick();
    balancer.update(cluster('LEAST_REQUEST', [endpoint(2)]));
    balancer.update(cluster('LEAST_REQUEST', [endpoint(1), endpoint(2)]));
    assert.equal(balancer.active('127.0.0.1:1'), 1);
    host?.release();
    assert.equal(balancer.active('127.0.0.1:1'), 0);
  });
});

describe('hosts tried before', () => {
  const endpoints = [1, 2, 3].map((port) => endpoint(port));
  test('are avoided as long as attempts last', () => {
    const balancer = createLoadBalancer(cluster('ROUND_ROBIN', endpoints), { random: seeded(6) });
    const avoid = new Set(['127.0.0.1:1', '127.0.0.1:2']);
    for (let i = 0; i < 30; i++) assert.equal(balancer.pick({ avoid, attempts: 5 })?.endpoint.port, 3);
  });

  test('are taken again if no other turns up', () => {
    const balancer = createLoadBalancer(cluster('ROUND_ROBIN', [endpoint(1)]), { random: seeded(7) });
    assert.equal(balancer.pick({ avoid: new Set(['127.0.0.1:1']), attempts: 5 })?.endpoint.port, 1);
    assert.equal(balancer.active('127.0.0.1:1'), 1, 'picks that were passed over do not count');
  });
});

describe('unhealthy hosts', () => {
  const endpoints = [endpoint(1), endpoint(2, { healthy: false }), endpoint(3, { healthy: false })];
  test('get nothing without a panic threshold, however few are left', () => {
    assertShares(count(createLoadBalancer(cluster('ROUND_ROBIN', endpoints), { random: seeded(8) }), 100), { 1: 1 });
  });

  test('are no healthy upstream where all are', () => {
    const down = endpoints.map((one) => ({ ...one, healthy: false }));
    assert.equal(createLoadBalancer(cluster('ROUND_ROBIN', down)).pick(), undefined);
  });

  test('get requests in panic', () => {
    const balancer = createLoadBalancer(cluster('ROUND_ROBIN', endpoints, { healthyPanicThresholdPercent: 50 }), {
      random: seeded(9),
    });
    assertShares(count(balancer, 300), { 1: 1 / 3, 2: 1 / 3, 3: 1 / 3 });
  });
});

describe('priorities', () => {
  const two = (healthyOfFirst: number): readonly Endpoint[] => [
    ...[1, 2, 3, 4].map((port) => endpoint(port, { healthy: port <= healthyOfFirst })),
    endpoint(9, { priority: 1 }),
  ];
  const shareOfSecond = (healthyOfFirst: number): number => {
    const counts = count(createLoadBalancer(cluster('RANDOM', two(healthyOfFirst)), { random: seeded(10) }), 20_000);
    return (counts[9] ?? 0) / 20_000;
  };
  test('the second gets nothing as long as the first is healthy enough', () => assert.equal(shareOfSecond(3), 0));
  test('the second gets what the first cannot take', () => assert.ok(Math.abs(shareOfSecond(2) - 0.3) < 0.02));
  test('the second gets all when the first is down', () => assert.equal(shareOfSecond(0), 1));
  test('gaps between priorities do not matter', () => {
    const balancer = createLoadBalancer(cluster('RANDOM', [endpoint(1, { priority: 7 })]));
    assert.equal(balancer.pick()?.endpoint.port, 1);
  });
});

test('localities share by weight, and lose of it with their health', () => {
  const zones = (healthy: boolean): readonly Endpoint[] => [
    endpoint(1, { zone: 'a', localityWeight: 3 }),
    endpoint(2, { zone: 'a', localityWeight: 3, healthy }),
    endpoint(3, { zone: 'b', localityWeight: 1 }),
  ];
  const lb = { localityWeighted: true };
  assertShares(count(createLoadBalancer(cluster('ROUND_ROBIN', zones(true), lb), { random: seeded(11) }), 4000), {
    1: 0.375,
    2: 0.375,
    3: 0.25,
  });
  // Half of zone a: 3 × 1.4 / 2 = 2.1 against 1.
  assertShares(count(createLoadBalancer(cluster('ROUND_ROBIN', zones(false), lb), { random: seeded(12) }), 4000), {
    1: 2.1 / 3.1,
    3: 1 / 3.1,
  });
});

test('an IPv6 host is known by its bracketed address', () => {
  assert.equal(hostKey({ address: '::1', port: 80 }), '[::1]:80');
});

describe('slow start', () => {
  const slowStart = { windowMs: 10_000, aggression: 1, minimumShare: 0.1 };
  for (const policy of ['ROUND_ROBIN', 'LEAST_REQUEST'] as const)
    test(`gives a new host its share of ${policy} little by little`, () => {
      let time = 100_000;
      const before = cluster(policy, [endpoint(1), endpoint(2)], { slowStart });
      const balancer = createLoadBalancer(before, { random: seeded(13), now: () => time });
      time += 20_000;
      balancer.update(cluster(policy, [endpoint(1), endpoint(2), endpoint(3)], { slowStart }));
      assertShares(count(balancer, 2100), { 1: 1 / 2.1, 2: 1 / 2.1, 3: 0.1 / 2.1 });
      time += 5000;
      assertShares(count(balancer, 2500), { 1: 0.4, 2: 0.4, 3: 0.2 });
      time += 5000;
      assertShares(count(balancer, 3000), { 1: 1 / 3, 2: 1 / 3, 3: 1 / 3 });
    });

  test('begins again for a host that was not healthy', () => {
    let time = 100_000;
    const hosts = (healthy: boolean) => cluster('ROUND_ROBIN', [endpoint(1), endpoint(2, { healthy })], { slowStart });
    const balancer = createLoadBalancer(hosts(false), { random: seeded(14), now: () => time });
    time += 20_000;
    balancer.update(hosts(true));
    assertShares(count(balancer, 1100), { 1: 1 / 1.1, 2: 0.1 / 1.1 });
  });
});

test('a consistent policy sends equal hashes to one host, and others anywhere', () => {
  const balancer = createLoadBalancer(cluster('RING_HASH', [endpoint(1), endpoint(2), endpoint(3)]), {
    random: seeded(15),
  });
  assert.equal(new Set(Array.from({ length: 20 }, () => balancer.pick({ hash: 7n })?.key)).size, 1);
  assert.equal(new Set(Array.from({ length: 50 }, () => balancer.pick()?.key)).size, 3);
  const key = balancer.pick({ hash: 7n })?.key ?? '';
  assert.notEqual(balancer.pick({ hash: 7n, avoid: new Set([key]), attempts: 50 })?.key, key);
});
