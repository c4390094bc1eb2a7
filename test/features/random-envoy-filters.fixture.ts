// Random EnvoyFilters: patches of everything that a gateway has, most of them such as people write, many that spoil what they are for.
import fc from 'fast-check';
import { type Json, list, nasty, path, rarely, record, regex, sparse, value, word } from './random-values.fixture.ts';

const type = (name: string): string => `type.googleapis.com/envoy.${name}`;
const extension = (name: string, fields: Record<string, Json> = {}): Json => {
  const typed = { '@type': rarely(fc.constant(type(`extensions.${name}`)), nasty) };
  return Object.keys(fields).length === 0 ? (fc.record(typed) as Json) : sparse(fields, typed);
};

const seconds = rarely(fc.constantFrom('0s', '0.25s', '5s', '3600s'), nasty);
const number = rarely(fc.constantFrom(0, 1, 5, 100, 65535, 1024 * 1024));
const flag = rarely(fc.boolean());
const cluster = rarely(
  fc.constantFrom('outbound|80||echo.default.svc.cluster.local', 'nowhere', 'own-1', 'BlackHoleCluster'),
  nasty,
);

const header = record({
  header: fc.record({
    key: rarely(fc.constantFrom('x-a', 'x-b', 'X-C', 'host', ':path'), nasty),
    value: rarely(fc.constantFrom('a', '%REQ(x-a)%', '%RESPONSE_CODE%', '100%%', '%NOPE%'), nasty),
  }) as Json,
  append_action: rarely(fc.constantFrom('OVERWRITE_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT')),
});
const headerFields = {
  request_headers_to_add: list(header),
  request_headers_to_remove: list(rarely(fc.constantFrom('x-a', 'x-d', 'host'), nasty)),
  response_headers_to_add: list(header),
  response_headers_to_remove: list(value),
};

const routeMatch = fc.oneof(
  fc.record({ prefix: path }),
  fc.record({ path }),
  fc.record({ safe_regex: fc.record({ regex }) }),
  fc.record({ path_separated_prefix: path }),
) as Json;
const weighted = record({
  clusters: list(fc.record({ name: cluster, weight: rarely(fc.constantFrom(0, 1, 50)) })),
});
const routeAction = fc
  .tuple(
    fc.oneof(fc.record({ cluster }), fc.record({ weighted_clusters: weighted })),
    sparse({
      timeout: seconds,
      prefix_rewrite: path,
      regex_rewrite: record({ pattern: record({ regex }), substitution: path }),
      host_rewrite_literal: value,
      retry_policy: record({ retry_on: value, num_retries: number, per_try_timeout: seconds }),
      idle_timeout: seconds,
    }),
  )
  .map(([target, more]) => Object.assign({}, target, more)) as Json;
const action = fc.oneof(
  fc.record({ route: routeAction }),
  fc.record({ redirect: record({ path_redirect: path, host_redirect: value, response_code: fc.constant('FOUND') }) }),
  fc.record({
    direct_response: record({
      status: rarely(fc.constantFrom(200, 404, 599, 42)),
      body: record({ inline_string: value }),
    }),
  }),
);
const route = fc
  .tuple(sparse({ name: word, ...headerFields }, { match: routeMatch }), action)
  .map(([common, one]) => Object.assign({}, common, one)) as Json;
const routePart = fc.oneof(
  sparse({ name: word, ...headerFields }),
  fc.record({ route: sparse({ timeout: seconds, prefix_rewrite: path, cluster }) }),
  fc.record({ match: routeMatch }),
) as Json;
const virtualHost = sparse(
  { require_tls: rarely(fc.constantFrom('NONE', 'ALL', 'SOME')), ...headerFields },
  {
    name: rarely(fc.constantFrom('own', 'other'), nasty),
    domains: rarely(fc.constantFrom(['a.own.com'], ['*.own.com', 'b.own.com'], ['*'], [], ['x', 'x'])),
    routes: list(route),
  },
);

const router = extension('filters.http.router.v3.Router', { suppress_envoy_headers: flag, start_child_span: flag });
const httpFilter = (config: Json, name = 'own'): Json =>
  fc.record({ name: rarely(fc.constantFrom(name, 'other'), nasty), typed_config: config }) as Json;
/** Those that the embedded engine serves, or can do without. */
const harmlessFilter = fc.oneof(
  httpFilter(extension('filters.http.cors.v3.Cors')),
  httpFilter(extension('filters.http.buffer.v3.Buffer', { max_request_bytes: number })),
  httpFilter(extension('filters.http.on_demand.v3.OnDemand')),
  httpFilter(extension('filters.http.fault.v3.HTTPFault', { abort: record({ http_status: number }) })),
  httpFilter(router, 'envoy.filters.http.router'),
  httpFilter(
    record({
      '@type': fc.constantFrom('type.googleapis.com/udpa.type.v1.TypedStruct'),
      type_url: fc.constant(type('extensions.filters.http.buffer.v3.Buffer')),
      value: fc.record({ max_request_bytes: fc.constant(10) }) as Json,
    }),
  ),
) as Json;
const decides = (name: string, fields: Record<string, Json>): Json => httpFilter(extension(name, fields));
/** Without them no request may pass: the engine refuses a listener that has one. */
const guardFilter = fc.oneof(
  decides('filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: value,
    token_bucket: record({ max_tokens: number, tokens_per_fill: number, fill_interval: seconds }),
    status: record({ code: rarely(fc.constantFrom('TooManyRequests', 'Forbidden')) }),
  }),
  httpFilter(
    fc.constant({
      '@type': type('extensions.filters.http.basic_auth.v3.BasicAuth'),
      users: { inline_string: 'a:{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=' },
    }),
  ),
  decides('filters.http.lua.v3.Lua', {
    default_source_code: record({ inline_string: fc.constant('function envoy_on_request(h) end') }),
  }),
) as Json;

const manager = extension('filters.network.http_connection_manager.v3.HttpConnectionManager', {
  server_name: value,
  stream_idle_timeout: seconds,
  xff_num_trusted_hops: number,
  use_remote_address: flag,
  upgrade_configs: list(record({ upgrade_type: rarely(fc.constantFrom('websocket', 'CONNECT', 'x')) })),
  common_http_protocol_options: record({ idle_timeout: seconds }),
  max_request_headers_kb: number,
});
const tcpProxy = extension('filters.network.tcp_proxy.v3.TcpProxy', {
  stat_prefix: word,
  cluster,
  idle_timeout: seconds,
});
const networkFilter = fc.oneof(
  fc.record({ name: fc.constant('envoy.filters.network.http_connection_manager'), typed_config: manager }),
  fc.record({ name: fc.constant('envoy.filters.network.tcp_proxy'), typed_config: tcpProxy }),
  fc.record({ name: word }),
) as Json;
const listenerFilter = fc.record({
  name: fc.constantFrom('envoy.filters.listener.tls_inspector', 'envoy.filters.listener.proxy_protocol'),
  typed_config: fc.oneof(
    extension('filters.listener.tls_inspector.v3.TlsInspector', { initial_read_buffer_size: number }),
    extension('filters.listener.proxy_protocol.v3.ProxyProtocol'),
  ),
}) as Json;
const filterChain = sparse(
  {
    name: word,
    filter_chain_match: record({
      server_names: list(rarely(fc.constantFrom('a.own.com', '*.own.com', 'a*.com'), nasty)),
      transport_protocol: rarely(fc.constantFrom('tls', 'raw_buffer')),
    }),
    transport_socket_connect_timeout: seconds,
  },
  { filters: list(fc.record({ name: word, typed_config: tcpProxy })) },
);
const listener = sparse(
  { filter_chains: list(filterChain), per_connection_buffer_limit_bytes: number },
  {
    name: rarely(fc.constantFrom('own-1', 'own-2'), nasty),
    address: record({
      socket_address: record({
        address: rarely(fc.constantFrom('127.0.0.1', '0.0.0.0', 'name'), nasty),
        port_value: rarely(fc.constantFrom(80, 19001, 19002, 99999)),
      }),
    }),
  },
);
const endpoint = record({
  endpoint: record({
    address: record({
      socket_address: record({
        address: rarely(fc.constantFrom('127.0.0.9', 'own.example.org'), nasty),
        port_value: fc.constantFrom(80, 81),
      }),
    }),
  }),
});
const clusterValue = sparse(
  {
    connect_timeout: seconds,
    lb_policy: rarely(fc.constantFrom('ROUND_ROBIN', 'RANDOM', 'MAGLEV', 'CLUSTER_PROVIDED', 'FASTEST')),
    per_connection_buffer_limit_bytes: number,
    dns_lookup_family: rarely(fc.constantFrom('V4_ONLY', 'ALL')),
    circuit_breakers: record({ thresholds: list(record({ max_connections: number })) }),
    transport_socket: fc.record({
      name: fc.constantFrom('envoy.transport_sockets.raw_buffer', 'envoy.transport_sockets.tls'),
      typed_config: fc.oneof(
        extension('transport_sockets.raw_buffer.v3.RawBuffer'),
        extension('transport_sockets.tls.v3.UpstreamTlsContext', { sni: word }),
      ),
    }) as Json,
    load_assignment: record({
      cluster_name: word,
      endpoints: list(record({ lb_endpoints: list(endpoint) })),
    }),
  },
  {
    name: rarely(fc.constantFrom('own-1', 'own-2', 'BlackHoleCluster'), nasty),
    type: rarely(fc.constantFrom('STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST')),
  },
);

const listenerMatch = record({
  portNumber: rarely(fc.constantFrom(80, 443, 3306, 9)),
  filterChain: record({
    sni: fc.constantFrom('h1.example.com', '*.pass.example.com'),
    filter: fc.constantFrom<unknown>(
      { name: 'envoy.filters.network.http_connection_manager' },
      {
        name: 'envoy.filters.network.http_connection_manager',
        subFilter: { name: 'envoy.filters.http.router' },
      },
      { name: 'envoy.filters.network.http_connection_manager', subFilter: { name: 'own' } },
      { name: 'envoy.filters.network.tcp_proxy' },
    ),
  }),
});
/** Without sub-filters, which not every kind allows. */
const plainMatch = record({
  portNumber: rarely(fc.constantFrom(80, 443, 3306, 9)),
  listenerFilter: fc.constant('envoy.filters.listener.tls_inspector'),
  filterChain: record({ filter: fc.constantFrom<unknown>({ name: 'envoy.filters.network.tcp_proxy' }) }),
});
const routeConfigurationMatch = record({
  portNumber: rarely(fc.constantFrom(80, 443)),
  vhost: record({
    domainName: rarely(fc.constantFrom('h1.example.com', 'h2.example.com', '*.example.com')),
    route: record({ action: rarely(fc.constantFrom('ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE')) }),
  }),
});
const clusterMatch = record({
  service: rarely(fc.constantFrom('echo.default.svc.cluster.local', 'two.default.svc.cluster.local')),
  portNumber: rarely(fc.constantFrom(80, 81)),
});

const operation = rarely(
  fc.constantFrom(
    'MERGE',
    'MERGE',
    'MERGE_AND_REPLACE_LIST',
    'ADD',
    'REMOVE',
    'INSERT_BEFORE',
    'INSERT_AFTER',
    'INSERT_FIRST',
    'REPLACE',
  ),
);
const patchOf = (applyTo: string, values: Json, match: Record<string, Json>): Json =>
  fc.record({
    applyTo: rarely(fc.constant(applyTo)),
    match: record({ context: rarely(fc.constantFrom('GATEWAY', 'ANY')), ...match }),
    patch: record({ operation, value: values }),
  }) as Json;

const patches = (filters: Json): Json =>
  fc.oneof(
    patchOf('LISTENER', listener, { listener: plainMatch }),
    patchOf('FILTER_CHAIN', filterChain, { listener: plainMatch }),
    patchOf('NETWORK_FILTER', networkFilter, { listener: plainMatch }),
    patchOf('LISTENER_FILTER', listenerFilter, { listener: plainMatch }),
    patchOf('HTTP_FILTER', filters, { listener: listenerMatch }),
    patchOf('ROUTE_CONFIGURATION', sparse(headerFields), { routeConfiguration: routeConfigurationMatch }),
    patchOf('VIRTUAL_HOST', virtualHost, { routeConfiguration: routeConfigurationMatch }),
    patchOf('HTTP_ROUTE', fc.oneof(route, routePart), { routeConfiguration: routeConfigurationMatch }),
    patchOf('CLUSTER', clusterValue, { cluster: clusterMatch }),
    patchOf('EXTENSION_CONFIG', filters, {}),
  );

const envoyFilterOf = (filters: Json) =>
  record({ priority: rarely(fc.constantFrom(-1, 0, 7)), configPatches: list(patches(filters), 6) }).map(
    (spec) =>
      (index: number): object => ({
        apiVersion: 'networking.istio.io/v1alpha3',
        kind: 'EnvoyFilter',
        metadata: { name: `e${index}`, namespace: 'istio-system' },
        spec,
      }),
  );

export const envoyFilter = envoyFilterOf(harmlessFilter);
/** With filters that only Envoy has. */
export const envoyFilterForEnvoy = envoyFilterOf(fc.oneof(harmlessFilter, guardFilter));
