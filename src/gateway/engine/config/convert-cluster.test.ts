// What becomes of clusters and endpoints.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { typeUrls } from '../../../xds/type-urls.ts';
import { apply, warningsOf } from './apply-resource.fixture.ts';
import { createConfigStore } from './create-config-store.ts';
import { assignment, cluster, endpoint, type, update } from './resources.fixture.ts';

describe('a cluster', () => {
  const http2 = {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };

  test('and its endpoints are one', () => {
    const store = createConfigStore();
    store.apply(
      update(typeUrls.cluster, [
        cluster('a', { ...http2, alt_stat_name: 'a;', common_lb_config: { healthy_panic_threshold: {} } }),
      ]),
    );
    const group = (priority: number, weight: number, endpoints: readonly JsonObject[]): JsonObject => ({
      locality: { region: 'r', zone: 'z' },
      priority,
      load_balancing_weight: weight,
      lb_endpoints: [...endpoints],
    });
    const groups = [
      group(0, 2, [endpoint('10.0.0.1', 80, { health_status: 'HEALTHY', load_balancing_weight: 3 })]),
      group(1, 1, [endpoint('::1', 81, { health_status: 'DRAINING' })]),
    ];
    const assigned = { cluster_name: 'a', endpoints: groups, policy: { overprovisioning_factor: 200 } };
    assert.equal(store.apply(update(typeUrls.endpoint, [assigned], [], '7')), undefined);
    const locality = { region: 'r', zone: 'z', subZone: '' };
    assert.deepEqual(store.current().clusters.get('a'), {
      name: 'a',
      version: '1/7',
      connectTimeoutMs: 10_000,
      protocol: 'http2',
      connections: {
        idleTimeoutMs: 3_600_000,
        maxDurationMs: 0,
        maxRequests: 0,
        maxConcurrentStreams: undefined,
        http2Keepalive: undefined,
        tcpKeepalive: undefined,
      },
      circuitBreakers: {
        maxConnections: 1024,
        maxPendingRequests: 1024,
        maxRequests: 1024,
        maxRetries: 3,
        retryBudget: undefined,
      },
      lbPolicy: 'LEAST_REQUEST',
      lb: {
        healthyPanicThresholdPercent: 0,
        overprovisioningFactorPercent: 200,
        localityWeighted: false,
        choiceCount: 2,
        activeRequestBias: 1,
        ringSize: { minimum: 1024, maximum: 8_388_608 },
        tableSize: 65_537,
        updateMergeWindowMs: 1000,
      },
      altStatName: 'a;',
      endpoints: [
        { address: '10.0.0.1', port: 80, weight: 3, healthy: true, locality: { ...locality, priority: 0, weight: 2 } },
        { address: '::1', port: 81, weight: 1, healthy: false, locality: { ...locality, priority: 1, weight: 1 } },
      ],
    });
  });

  test('may hold its endpoints itself, or none', () => {
    const fixed = { type: 'STATIC', load_assignment: assignment('a', [endpoint('10.0.0.1', 80)]) };
    assert.equal(apply(typeUrls.cluster, cluster('a', fixed)).store.current().clusters.get('a')?.endpoints.length, 1);
    const blackHole = apply(typeUrls.cluster, { name: 'BlackHoleCluster', type: 'STATIC' });
    assert.deepEqual(blackHole.store.current().clusters.get('BlackHoleCluster')?.endpoints, []);
  });

  test('that asks for TLS gets no plaintext', () => {
    const secure = cluster('a', {
      type: 'STATIC',
      load_assignment: assignment('a', [endpoint('10.0.0.1', 443)]),
      transport_socket: {
        name: 'tls',
        typed_config: { '@type': type('extensions.transport_sockets.tls.v3.UpstreamTlsContext') },
      },
    });
    const { store } = apply(typeUrls.cluster, secure);
    assert.deepEqual(store.current().clusters.get('a')?.endpoints, []);
    assert.equal(store.warnings().length, 1);
  });

  test('warns of what it would do differently', () => {
    const asked = cluster('a', {
      lb_policy: 'CLUSTER_PROVIDED',
      circuit_breakers: { per_host_thresholds: [{ max_connections: 1 }] },
      outlier_detection: {},
    });
    assert.deepEqual(warningsOf(typeUrls.cluster, asked), [
      'OutlierDetection: success rates and failure percentages are not supported by the embedded engine: they eject nobody',
      'per_host_thresholds is not supported by the embedded engine: it has no effect',
      'CLUSTER_PROVIDED is not supported by the embedded engine: endpoints are picked at random',
    ]);
    const unlimited = { max_connections: 4_294_967_295, max_requests: 4_294_967_295 };
    assert.deepEqual(warningsOf(typeUrls.cluster, cluster('a', { circuit_breakers: { thresholds: [unlimited] } })), []);
  });

  test('that hashes says how', () => {
    const lbOf = (fields: JsonObject) => {
      const { store, error } = apply(typeUrls.cluster, cluster('a', { type: 'STATIC', ...fields }));
      return error ?? store.current().clusters.get('a')?.lb;
    };
    const ring = lbOf({ lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: '64' } });
    assert.ok(typeof ring === 'object');
    assert.deepEqual(ring.ringSize, { minimum: 64, maximum: 8_388_608 });
    const table = lbOf({ lb_policy: 'MAGLEV', maglev_lb_config: { table_size: '1009' } });
    assert.ok(typeof table === 'object');
    assert.equal(table.tableSize, 1009);
    assert.match(String(lbOf({ lb_policy: 'MAGLEV', maglev_lb_config: { table_size: '1000' } })), /prime number/);
    assert.match(
      String(lbOf({ ring_hash_lb_config: { minimum_ring_size: '9000000' } })),
      /MinimumRingSize: value must be less than or equal to 8388608/,
    );
  });
});
