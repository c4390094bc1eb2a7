// What becomes of single resources: the types they turn into, what refuses them (in Envoy 1.40's words), what is warned of.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { ClusterSchema } from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { type TypeUrl, typeUrls } from '../../../xds/type-urls.ts';
import { issueTestCertificate } from '../../secrets/certificate.fixture.ts';
import type { ConfigStore } from './config-store.ts';
import { createConfigStore } from './create-config-store.ts';
import { dumpConfig } from './dump-config.ts';
import type { ForwardAction, HttpConnectionManager, ListenerConfig, Route, TcpProxy } from './engine-config.ts';
import {
  ads,
  assignment,
  cluster,
  endpoint,
  listener,
  manager,
  router,
  routes,
  routeTo,
  sds,
  tcpProxy,
  tls,
  type,
  update,
  virtualHost,
} from './resources.fixture.ts';

/** Applies one resource, with everything it names known to be missing. */
function apply(typeUrl: TypeUrl, resource: JsonObject): { store: ConfigStore; error: string | undefined } {
  const store = createConfigStore();
  if (typeUrl === typeUrls.route) {
    const chain = { filters: [manager({ rds: { route_config_name: resource.name ?? '', config_source: ads } })] };
    store.apply(update(typeUrls.listener, [listener('l', 80, { filter_chains: [chain] })]));
  }
  if (typeUrl === typeUrls.endpoint) store.apply(update(typeUrls.cluster, [cluster(String(resource.cluster_name))]));
  if (typeUrl === typeUrls.secret) {
    const chain = { filters: [tcpProxy()], transport_socket: tls([sds(String(resource.name))]) };
    store.apply(update(typeUrls.listener, [listener('l', 443, { filter_chains: [chain] })]));
  }
  const error = store.apply(update(typeUrl, [resource]));
  const { endpoints, routes: tables, secrets, fileSecrets } = store.wanted();
  const missing = (names: readonly string[], held: TypeUrl) => names.filter((name) => !store.held(held).has(name));
  store.apply(update(typeUrls.endpoint, [], missing(endpoints, typeUrls.endpoint)));
  store.apply(update(typeUrls.route, [], missing(tables, typeUrls.route)));
  store.apply(update(typeUrls.secret, [], missing([...secrets, ...fileSecrets], typeUrls.secret)));
  return { store, error };
}

function listenerOf(resource: JsonObject): ListenerConfig {
  const { store, error } = apply(typeUrls.listener, resource);
  assert.equal(error, undefined);
  return store.current().listeners.get(String(resource.name)) ?? assert.fail('not served');
}

function routeOf(route: JsonObject, hostFields: JsonObject = {}): Route {
  const { store, error } = apply(
    typeUrls.route,
    routes('http.80', [{ ...virtualHost(['a.org'], [route]), ...hostFields }]),
  );
  assert.equal(error, undefined);
  return store.current().routes.get('http.80')?.virtualHosts[0]?.routes[0] ?? assert.fail('no route');
}

const warningsOf = (typeUrl: TypeUrl, resource: JsonObject): readonly string[] =>
  apply(typeUrl, resource)
    .store.warnings()
    .filter((warning) => warning.typeUrl === typeUrl)
    .map(({ message }) => message);

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
      xffNumTrustedHops: 0,
      normalizePath: false,
      mergeSlashes: false,
      streamIdleTimeoutMs: 300_000,
      maxRequestHeadersKb: 60,
      maxRequestHeadersCount: 100,
      upgradeTypes: [],
      httpFilters: ['envoy.filters.http.router'],
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
        responseFlags: ['NR'],
      },
    ]);
    assert.deepEqual(warningsOf(typeUrls.listener, resource), [
      'AccessLog[0]: the embedded engine has no value for %TRACE_ID%: it is logged as absent',
      'AccessLog[0].Filter: not_health_check_filter is not supported by the embedded engine: every request is logged',
    ]);
  });
});

describe('a route', () => {
  test("carries Istio's retry policy, timeout, owner and operation", () => {
    const previousHosts = {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: { '@type': type('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate') },
    };
    const route = routeOf({
      name: 'r',
      match: { safe_regex: { regex: '/a.*' } },
      route: {
        weighted_clusters: {
          clusters: [
            { name: 'a', weight: 75 },
            { name: 'b', weight: 25 },
          ],
        },
        timeout: '1.5s',
        max_grpc_timeout: '0s',
        retry_policy: {
          retry_on: 'connect-failure,refused-stream, unavailable',
          num_retries: 2,
          retry_host_predicate: [previousHosts],
          host_selection_retry_max_attempts: '5',
          retriable_status_codes: [503],
        },
      },
      metadata: {
        filter_metadata: { istio: { config: '/apis/networking.istio.io/v1/namespaces/default/virtual-service/a' } },
      },
      decorator: { operation: 'a:80/*' },
    });
    const { match, ...rest } = route;
    assert.deepEqual(rest, {
      name: 'r',
      action: {
        kind: 'forward',
        clusters: {
          entries: [
            { cluster: 'a', weight: 75 },
            { cluster: 'b', weight: 25 },
          ],
          totalWeight: 100,
        },
        timeoutMs: 1500,
        maxGrpcTimeoutMs: 0,
        retry: {
          retryOn: ['connect-failure', 'refused-stream', 'unavailable'],
          numRetries: 2,
          perTryTimeoutMs: 0,
          retriableStatusCodes: [503],
          avoidPreviousHosts: true,
          hostSelectionMaxAttempts: 5,
        },
      } satisfies ForwardAction,
      decoratorOperation: 'a:80/*',
      owner: '/apis/networking.istio.io/v1/namespaces/default/virtual-service/a',
    });
    assert.ok(match.path.kind === 'regex' && match.path.matches('/abc') && !match.path.matches('/b'));
  });

  test("without a timeout has Envoy's 15 seconds, and the virtual host's retry policy", () => {
    const { action } = routeOf(
      { match: { path: '/' }, route: { cluster: 'a' } },
      { retry_policy: { retry_on: '5xx' } },
    );
    assert.ok(action.kind === 'forward');
    assert.equal(action.timeoutMs, 15_000);
    assert.deepEqual(
      [action.retry?.retryOn, action.retry?.numRetries, action.retry?.hostSelectionMaxAttempts],
      [['5xx'], 1, 1],
    );
  });

  test('may answer itself', () => {
    const { action } = routeOf({
      match: { prefix: '/' },
      direct_response: { status: 418, body: { inline_string: 'tea' } },
    });
    assert.deepEqual(action, { kind: 'direct', status: 418, body: new TextEncoder().encode('tea') });
  });

  test('with a predicate that cannot be judged matches nothing, and says so', () => {
    const guarded = { match: { prefix: '/', headers: [{ name: 'x', present_match: true }] }, route: { cluster: 'a' } };
    const { match } = routeOf(guarded);
    assert.equal(match.path.kind === 'regex' && match.path.matches('/'), false);
    assert.deepEqual(warningsOf(typeUrls.route, routes('http.80', [virtualHost(['a.org'], [guarded])])), [
      'VirtualHosts[0].Routes[0].Match: headers is not supported by the embedded engine: the route matches no request',
    ]);
  });

  test('with an action that is not known is answered with 500, and says so', () => {
    const redirect = { match: { prefix: '/' }, redirect: { host_redirect: 'b.org' } };
    assert.deepEqual(routeOf(redirect).action, { kind: 'direct', status: 500, body: new Uint8Array() });
    assert.equal(warningsOf(typeUrls.route, routes('http.80', [virtualHost(['a.org'], [redirect])])).length, 1);
  });
});

test('warnings of a table do not grow without end', () => {
  const many = Array.from({ length: 5000 }, () => ({ match: { prefix: '/' }, redirect: {} }));
  const warnings = warningsOf(typeUrls.route, routes('http.80', [virtualHost(['a.org'], many)]));
  assert.equal(warnings.length, 50);
  assert.equal(warnings[49], 'and 4951 more');
});

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
      lbPolicy: 'LEAST_REQUEST',
      lb: {
        healthyPanicThresholdPercent: 0,
        overprovisioningFactorPercent: 200,
        localityWeighted: false,
        choiceCount: 2,
        activeRequestBias: 1,
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
      lb_policy: 'RING_HASH',
      circuit_breakers: { thresholds: [{ max_connections: 1 }] },
      outlier_detection: {},
    });
    assert.deepEqual(warningsOf(typeUrls.cluster, asked), [
      'outlier_detection is not supported by the embedded engine: it has no effect',
      'circuit_breakers are not supported by the embedded engine: there is no limit',
      'RING_HASH is not supported by the embedded engine: endpoints are picked at random',
    ]);
    const unlimited = { max_connections: 4_294_967_295, max_requests: 4_294_967_295 };
    assert.deepEqual(warningsOf(typeUrls.cluster, cluster('a', { circuit_breakers: { thresholds: [unlimited] } })), []);
  });
});

describe('refused, in the words of Envoy:', () => {
  const chains = (...filter_chains: readonly JsonObject[]): JsonObject =>
    listener('l', 80, { filter_chains: [...filter_chains] });
  const named = (name: string, match: JsonObject): JsonObject => ({
    name,
    filter_chain_match: match,
    filters: [tcpProxy()],
  });
  const route = (fields: JsonObject): JsonObject => routes('r', [virtualHost(['a.org'], [fields])]);
  const inRoute =
    'Proto constraint validation failed (RouteConfigurationValidationError.VirtualHosts[0]: embedded message failed validation | caused by VirtualHostValidationError.Routes[0]: embedded message failed validation | caused by ';
  const inAction = `${inRoute}RouteValidationError.Route: embedded message failed validation | caused by `;
  const where = "error adding listener '0.0.0.0:80': ";
  const cases: readonly (readonly [string, TypeUrl, JsonObject, string])[] = [
    [
      'a listener without address',
      typeUrls.listener,
      { name: 'l' },
      "error adding listener named 'l': address is necessary",
    ],
    [
      'a listener on a name',
      typeUrls.listener,
      listener('l', 80, { address: { socket_address: { address: 'localhost', port_value: 80 } } }),
      'malformed IP address: localhost',
    ],
    ['a listener without chains', typeUrls.listener, chains(), `${where}no filter chains specified`],
    [
      'a network filter nobody knows',
      typeUrls.listener,
      chains({ filters: [{ name: 'foo.bar' }] }),
      "Didn't find a registered implementation for 'foo.bar' with type URL: ''",
    ],
    [
      'a network filter after the last',
      typeUrls.listener,
      chains({ filters: [tcpProxy(), manager()] }),
      'Error: terminal filter named envoy.filters.network.tcp_proxy of type envoy.filters.network.tcp_proxy must be the last filter in a network filter chain.',
    ],
    [
      'a listener filter nobody knows',
      typeUrls.listener,
      listener('l', 80, { listener_filters: [{ name: 'foo' }] }),
      "Didn't find a registered implementation for 'foo' with type URL: ''",
    ],
    [
      'chains with the same rules',
      typeUrls.listener,
      chains(named('a', { server_names: ['a.org'] }), named('b', { server_names: ['a.org'] })),
      `${where}filter chain 'b' has the same matching rules defined as 'a'. duplicate matcher is: {"server_names":["a.org"]}`,
    ],
    [
      'chains that overlap',
      typeUrls.listener,
      chains(named('a', { server_names: ['a.org'] }), named('b', { server_names: ['b.org', 'A.org'] })),
      `${where}multiple filter chains with overlapping matching rules are defined`,
    ],
    [
      'a partial wildcard',
      typeUrls.listener,
      chains(named('a', { server_names: ['a*.org'] })),
      `${where}partial wildcards are not supported in "server_names"`,
    ],
    [
      'a bare wildcard',
      typeUrls.listener,
      chains(named('a', { server_names: ['*'] })),
      `${where}partial wildcards are not supported in "server_names"`,
    ],
    [
      'TLS without certificates',
      typeUrls.listener,
      chains({ filters: [tcpProxy()], transport_socket: tls([]) }),
      'No TLS certificates found for server context',
    ],
    [
      'a static secret',
      typeUrls.listener,
      chains({ filters: [tcpProxy()], transport_socket: tls([{ name: 'foo' }]) }),
      'Unknown static secret: foo',
    ],
    [
      'a filter after the router',
      typeUrls.listener,
      chains({ filters: [manager({ http_filters: [router, router] })] }),
      'Error: terminal filter named envoy.filters.http.router of type envoy.extensions.filters.http.router.v3.Router must be the last filter in a http filter chain.',
    ],
    [
      'HTTP without statistics',
      typeUrls.listener,
      chains({ filters: [manager({ stat_prefix: '' })] }),
      'Proto constraint validation failed (ListenerValidationError.FilterChains[0]: embedded message failed validation | caused by FilterChainValidationError.Filters[0]: embedded message failed validation | caused by HttpConnectionManagerValidationError.StatPrefix: value length must be at least 1 characters)',
    ],
    [
      'an access log format with an error',
      typeUrls.listener,
      listener('l', 80, {
        access_log: [
          {
            name: 'x',
            typed_config: {
              '@type': type('extensions.access_loggers.file.v3.FileAccessLog'),
              path: '/dev/null',
              log_format: { text_format_source: { inline_string: '%FOO%' } },
            },
          },
        ],
      }),
      'Not supported field in StreamInfo: FOO',
    ],
    [
      'a route without match',
      typeUrls.route,
      route({ direct_response: { status: 200 } }),
      `${inRoute}RouteValidationError.Match: value is required)`,
    ],
    [
      'a route with an empty match',
      typeUrls.route,
      route({ match: {}, direct_response: { status: 200 } }),
      `${inRoute}RouteValidationError.Match: embedded message failed validation | caused by field: "path_specifier", reason: is required)`,
    ],
    [
      'a route without action',
      typeUrls.route,
      route({ match: { prefix: '/' } }),
      `${inRoute}field: "action", reason: is required)`,
    ],
    [
      'a route to nowhere',
      typeUrls.route,
      route({ match: { prefix: '/' }, route: {} }),
      `${inAction}field: "cluster_specifier", reason: is required)`,
    ],
    [
      'weighted clusters without any',
      typeUrls.route,
      route({ match: { prefix: '/' }, route: { weighted_clusters: {} } }),
      `${inAction}RouteActionValidationError.WeightedClusters: embedded message failed validation | caused by WeightedClusterValidationError.Clusters: value must contain at least 1 item(s))`,
    ],
    [
      'weights that add up to nothing',
      typeUrls.route,
      route({ match: { prefix: '/' }, route: { weighted_clusters: { clusters: [{ name: 'a', weight: 0 }] } } }),
      'Sum of weights in the weighted_cluster must be greater than 0.',
    ],
    [
      'an invalid expression',
      typeUrls.route,
      route({ match: { safe_regex: { regex: '(?=a)' } }, route: { cluster: 'a' } }),
      'invalid perl operator: (?=',
    ],
    [
      'a status that is none',
      typeUrls.route,
      route({ match: { prefix: '/' }, direct_response: { status: 99 } }),
      `${inRoute}RouteValidationError.DirectResponse: embedded message failed validation | caused by DirectResponseActionValidationError.Status: value must be inside range [200, 600))`,
    ],
    [
      'a body that is too long',
      typeUrls.route,
      route({ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'x'.repeat(5000) } } }),
      'response body size is 5000 bytes; maximum is 4096',
    ],
    [
      'a domain twice',
      typeUrls.route,
      routes('r', [virtualHost(['a.org']), virtualHost(['A.org'])]),
      'Only unique values for domains are permitted. Duplicate entry of domain a.org in route r',
    ],
    [
      'two hosts for everything',
      typeUrls.route,
      routes('r', [virtualHost(['*']), virtualHost(['*'])]),
      'Only a single wildcard domain is permitted in route r',
    ],
    [
      'a host without domains',
      typeUrls.route,
      routes('r', [{ name: 'a' }]),
      'Proto constraint validation failed (RouteConfigurationValidationError.VirtualHosts[0]: embedded message failed validation | caused by VirtualHostValidationError.Domains: value must contain at least 1 item(s))',
    ],
    [
      'an endpoint by name',
      typeUrls.endpoint,
      assignment('a', [endpoint('foo.bar', 1)]),
      "malformed IP address: foo.bar. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'",
    ],
    ['an endpoint without address', typeUrls.endpoint, assignment('a', [{ endpoint: {} }]), 'Address must be set'],
  ];
  for (const [name, typeUrl, resource, expected] of cases) {
    test(name, () => {
      const prefix = typeUrl === typeUrls.listener ? 'Error adding/updating listener(s) ' : '';
      const resourceName = String(resource.name ?? resource.cluster_name);
      assert.equal(apply(typeUrl, resource).error, `${prefix}${resourceName}: ${expected}`);
    });
  }

  test('nothing is served unguarded: a filter that decides who may pass cannot be passed over', () => {
    const rbac = {
      name: 'envoy.filters.http.rbac',
      typed_config: {
        '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
        type_url: type('extensions.filters.http.rbac.v3.RBAC'),
      },
    };
    const { error } = apply(typeUrls.listener, chains({ filters: [manager({ http_filters: [rbac, router] })] }));
    assert.match(error ?? '', /Didn't find a registered implementation for 'envoy\.filters\.http\.rbac'/);
  });

  test('a chain whose clients must show certificates lets nobody in', () => {
    const context = {
      require_client_certificate: true,
      common_tls_context: { tls_certificate_sds_secret_configs: [sds('kubernetes://a')] },
    };
    const { filterChains } = listenerOf(chains({ filters: [tcpProxy()], transport_socket: tls([], context) }));
    assert.deepEqual(filterChains[0]?.tls?.certificates, []);
  });
});

describe('a secret', async () => {
  const one = await issueTestCertificate('one.example.com');
  const other = await issueTestCertificate('other.example.com');
  const secret = (chain: string, key: string): JsonObject => ({
    name: 'kubernetes://cert',
    tls_certificate: {
      certificate_chain: { inline_string: chain },
      private_key: { inline_bytes: Buffer.from(key).toString('base64') },
    },
  });

  test('is PEM, whichever way it travelled', () => {
    const { store, error } = apply(typeUrls.secret, secret(one.certificate, one.key));
    assert.equal(error, undefined);
    assert.deepEqual(store.current().secrets.get('kubernetes://cert'), {
      name: 'kubernetes://cert',
      version: '1',
      kind: 'certificate',
      certificateChain: one.certificate,
      privateKey: one.key,
      trustedCa: '',
    });
  });

  test('is refused if its key does not fit, without a word of the key', () => {
    const { store, error } = apply(typeUrls.secret, secret(one.certificate, other.key));
    assert.equal(error, 'kubernetes://cert: Failed to load private key from <inline>, Cause: KEY_VALUES_MISMATCH');
    assert.equal(store.current().secrets.size, 0);
    assert.equal(
      apply(typeUrls.secret, secret(one.certificate, 'garbage')).error,
      'kubernetes://cert: Failed to load private key from <inline>',
    );
  });

  test("may be a CA's, and nothing is read from files of the server's choosing", () => {
    const ca = { name: 'kubernetes://ca', validation_context: { trusted_ca: { inline_string: one.certificate } } };
    assert.equal(apply(typeUrls.secret, ca).store.current().secrets.get('kubernetes://ca')?.trustedCa, one.certificate);
    const file = { name: 'kubernetes://ca', validation_context: { trusted_ca: { filename: '/etc/passwd' } } };
    assert.match(apply(typeUrls.secret, file).error ?? '', /reads inline data only, not filename '\/etc\/passwd'/);
  });

  test('is dumped without its key', () => {
    const { store } = apply(typeUrls.secret, secret(one.certificate, one.key));
    const dump = dumpConfig(store);
    assert.deepEqual(
      dump.LDS.map(({ name }) => name),
      ['l'],
    );
    assert.equal(dump.SDS[0]?.version, '1');
    const printed = JSON.stringify(dump);
    assert.ok(printed.includes('[redacted]'));
    assert.ok(!printed.includes(Buffer.from(one.key).toString('base64')));
  });
});

test('a resource with an extension unknown here is dumped by its name', () => {
  const unknown = create(AnySchema, { typeUrl: 'type.googleapis.com/unheard.of', value: new Uint8Array([1]) });
  const message = create(ClusterSchema, { name: 'a', typedExtensionProtocolOptions: { unknown } });
  const store = createConfigStore();
  const resource = { name: 'a', version: '1', bytes: toBinary(ClusterSchema, message) };
  assert.equal(store.apply({ typeUrl: typeUrls.cluster, resources: [resource], removed: [] }), undefined);
  const [dumped] = dumpConfig(store).CDS;
  assert.equal(dumped?.name, 'a');
  assert.match(JSON.stringify(dumped?.resource), /unheard\.of/);
});
