// What becomes of clusters and endpoints.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { typeUrls } from '../../../xds/type-urls.ts';
import { apply, warningsOf } from './apply-resource.fixture.ts';
import { createConfigStore } from './create-config-store.ts';
import { assignment, cluster, endpoint, sds, type, update } from './resources.fixture.ts';

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
        preservesHeaderCase: false,
        maxConcurrentStreams: undefined,
        http2Keepalive: undefined,
        tcpKeepalive: undefined,
        autoSni: false,
        autoSanValidation: false,
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

  const upstreamTls = (fields: JsonObject) => ({
    name: 'tls',
    typed_config: { '@type': type('extensions.transport_sockets.tls.v3.UpstreamTlsContext'), ...fields },
  });
  const at443 = { type: 'STATIC', load_assignment: assignment('a', [endpoint('10.0.0.1', 443)]) };

  test('that asks for TLS names what it needs for it', () => {
    const socket = upstreamTls({
      sni: 'a.org',
      common_tls_context: {
        tls_certificate_sds_secret_configs: [sds('kubernetes://client')],
        combined_validation_context: {
          default_validation_context: { match_subject_alt_names: [{ exact: 'a.org' }] },
          validation_context_sds_secret_config: sds('kubernetes://client-cacert'),
        },
      },
    });
    const store = createConfigStore();
    store.apply(update(typeUrls.cluster, [cluster('a', { ...at443, transport_socket: socket })]));
    assert.equal(store.current().clusters.size, 0);
    assert.deepEqual(store.wanted().secrets, ['kubernetes://client', 'kubernetes://client-cacert']);
    store.apply(update(typeUrls.secret, [], ['kubernetes://client', 'kubernetes://client-cacert']));
    const { tls, endpoints } = store.current().clusters.get('a') ?? {};
    assert.equal(endpoints?.length, 1);
    assert.deepEqual(
      [tls?.sni, tls?.certificates, tls?.roots, tls?.subjectAltNames.map(({ exact }) => exact)],
      ['a.org', ['kubernetes://client'], 'kubernetes://client-cacert', ['a.org']],
    );
  });

  test('whose socket the engine does not have is refused, or gets nothing', () => {
    const unknown = {
      name: 'x',
      typed_config: { '@type': type('extensions.transport_sockets.tls.v3.DownstreamTlsContext') },
    };
    assert.match(
      apply(typeUrls.cluster, cluster('a', { ...at443, transport_socket: unknown })).error ?? '',
      /DownstreamTlsContext/,
    );
    const matches = cluster('a', {
      ...at443,
      transport_socket_matches: [{ name: 'x', transport_socket: upstreamTls({}) }],
    });
    const { store } = apply(typeUrls.cluster, matches);
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
