// What becomes of listeners.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { typeUrls } from '../../../xds/type-urls.ts';
import { apply, listenerOf, warningsOf } from './apply-resource.fixture.ts';
import type { HttpConnectionManager, TcpProxy } from './engine-config.ts';
import { listener, manager, routes, routeTo, sds, tcpProxy, tls, type, virtualHost } from './resources.fixture.ts';

describe('a listener', () => {
  test('with HTTP gets the defaults of Envoy', () => {
    const { filterChains, ...rest } = listenerOf(listener('0.0.0.0_80', 80));
    assert.deepEqual(rest, {
      name: '0.0.0.0_80',
      version: '1',
      address: '0.0.0.0',
      port: 80,
      tlsInspector: false,
      perConnectionBufferLimitBytes: 1_048_576,
      defaultFilterChain: undefined,
      accessLogs: [],
      listenerFiltersTimeoutMs: 15_000,
    });
    assert.deepEqual(filterChains[0]?.network, {
      kind: 'http',
      statPrefix: 'outbound_0.0.0.0_80;',
      routeConfigName: 'http.80',
      serverName: 'envoy',
      useRemoteAddress: false,
      forwardClientCert: undefined,
      xffNumTrustedHops: 0,
      normalizePath: false,
      mergeSlashes: false,
      escapedSlashes: 'KEEP_UNCHANGED',
      limits: {
        idleTimeoutMs: 3_600_000,
        maxConnectionDurationMs: 0,
        maxStreamDurationMs: 0,
        requestTimeoutMs: 0,
        requestHeadersTimeoutMs: 0,
        maxConcurrentStreams: 1024,
        initialStreamWindowBytes: 256 * 1024,
        initialConnectionWindowBytes: 1024 * 1024,
      },
      streamIdleTimeoutMs: 300_000,
      maxRequestHeadersKb: 60,
      maxRequestHeadersCount: 100,
      upgradeTypes: [],
      httpFilters: ['envoy.filters.http.router'],
      grpcWeb: false,
      accessLogs: [],
    } satisfies HttpConnectionManager);
  });

  test('with TLS names its certificates, versions and protocols', () => {
    const context = {
      common_tls_context: {
        alpn_protocols: ['h2'],
        tls_params: {
          tls_minimum_protocol_version: 'TLSv1_2',
          tls_maximum_protocol_version: 'TLSv1_3',
          cipher_suites: ['AES128-SHA'],
        },
        tls_certificate_sds_secret_configs: [sds('kubernetes://a'), sds('kubernetes://b')],
      },
    };
    const chain = {
      name: 'c',
      filter_chain_match: {
        server_names: ['A.org', '*.b.org'],
        transport_protocol: 'tls',
        application_protocols: ['h2'],
      },
      filters: [tcpProxy()],
      transport_socket: tls([], context),
      transport_socket_connect_timeout: '15s',
    };
    const inspector = {
      name: 'i',
      typed_config: { '@type': type('extensions.filters.listener.tls_inspector.v3.TlsInspector') },
    };
    const { tlsInspector, filterChains } = listenerOf(
      listener('l', 443, { filter_chains: [chain], listener_filters: [inspector] }),
    );
    assert.equal(tlsInspector, true);
    assert.deepEqual(
      { ...filterChains[0], network: undefined },
      {
        name: 'c',
        match: { serverNames: ['a.org', '*.b.org'], transportProtocol: 'tls', applicationProtocols: ['h2'] },
        tls: {
          certificates: ['kubernetes://a', 'kubernetes://b'],
          alpnProtocols: ['h2'],
          minVersion: 'TLSv1.2',
          maxVersion: 'TLSv1.3',
          cipherSuites: ['AES128-SHA'],
          ecdhCurves: [],
          clientCertificate: 'none',
          validation: undefined,
        },
        transportSocketConnectTimeoutMs: 15_000,
        network: undefined,
      },
    );
  });

  test('with TCP has weighted clusters, and an hour of patience', () => {
    const weighted = {
      weighted_clusters: {
        clusters: [
          { name: 'a', weight: 3 },
          { name: 'b', weight: 1 },
        ],
      },
    };
    const { filterChains } = listenerOf(listener('l', 3306, { filter_chains: [{ filters: [tcpProxy(weighted)] }] }));
    assert.deepEqual(filterChains[0]?.network, {
      kind: 'tcp',
      statPrefix: 'mysql',
      clusters: {
        entries: [
          { cluster: 'a', weight: 3 },
          { cluster: 'b', weight: 1 },
        ],
        totalWeight: 4,
      },
      idleTimeoutMs: 3_600_000,
      accessLogs: [],
    } satisfies TcpProxy);
  });

  test('passes over filters that only count', () => {
    const mongo = {
      name: 'envoy.filters.network.mongo_proxy',
      typed_config: {
        '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
        type_url: type('extensions.filters.network.mongo_proxy.v3.MongoProxy'),
        value: { stat_prefix: 'm' },
      },
    };
    const { filterChains } = listenerOf(listener('l', 27_017, { filter_chains: [{ filters: [mongo, tcpProxy()] }] }));
    assert.equal(filterChains[0]?.network.kind, 'tcp');
  });

  test('may carry its routes', () => {
    const inline = routes('inside', [virtualHost(['*'], [routeTo('a')])]);
    const { store } = apply(
      typeUrls.listener,
      listener('l', 80, { filter_chains: [{ filters: [manager({ route_config: inline })] }] }),
    );
    const network = store.current().listeners.get('l')?.filterChains[0]?.network;
    assert.equal(network?.kind === 'http' && store.current().routes.get(network.routeConfigName)?.name, 'inside');
  });

  test('may carry access logs, with a filter on response flags', () => {
    const file = type('extensions.access_loggers.file.v3.FileAccessLog');
    const log = {
      name: 'envoy.access_loggers.file',
      filter: {
        and_filter: { filters: [{ response_flag_filter: { flags: ['NR'] } }, { not_health_check_filter: {} }] },
      },
      typed_config: {
        '@type': file,
        path: '/dev/stdout',
        log_format: { json_format: { a: '%PROTOCOL%', b: ['%TRACE_ID%'] } },
      },
    };
    const resource = listener('l', 80, { access_log: [log] });
    assert.deepEqual(listenerOf(resource).accessLogs, [
      {
        path: '/dev/stdout',
        format: { kind: 'json', template: { a: '%PROTOCOL%', b: ['%TRACE_ID%'] }, omitEmptyValues: false },
        conditions: [{ kind: 'response-flags', flags: ['NR'] }],
      },
    ]);
    assert.deepEqual(warningsOf(typeUrls.listener, resource), [
      'AccessLog[0]: the embedded engine has no value for %TRACE_ID%: it is logged as absent',
      'AccessLog[0].Filter: not_health_check_filter is not supported by the embedded engine: every request is logged',
    ]);
  });
});
