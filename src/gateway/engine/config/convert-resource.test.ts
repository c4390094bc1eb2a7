// What refuses a resource, in Envoy 1.40's words, and what is kept shut instead of open.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '@bufbuild/protobuf';
import { type TypeUrl, typeUrls } from '../../../xds/type-urls.ts';
import { apply, listenerOf } from './apply-resource.fixture.ts';
import {
  assignment,
  endpoint,
  listener,
  manager,
  router,
  routes,
  sds,
  tcpProxy,
  tls,
  type,
  virtualHost,
} from './resources.fixture.ts';

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
    const jwt = {
      name: 'envoy.filters.http.jwt_authn',
      typed_config: {
        '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
        type_url: type('extensions.filters.http.jwt_authn.v3.JwtAuthentication'),
      },
    };
    const other = apply(typeUrls.listener, chains({ filters: [manager({ http_filters: [jwt, router] })] }));
    assert.match(other.error ?? '', /'envoy\.filters\.http\.jwt_authn'/);
  });

  test('access control that cannot be judged is no access control', () => {
    const rbac = (policy: JsonObject) => ({
      name: 'envoy.filters.http.rbac',
      typed_config: { '@type': type('extensions.filters.http.rbac.v3.RBAC'), rules: { policies: { p: policy } } },
    });
    const errorOf = (policy: JsonObject) =>
      apply(typeUrls.listener, chains({ filters: [manager({ http_filters: [rbac(policy), router] })] })).error ?? '';
    const [any, anybody] = [[{ any: true }], [{ any: true }]];
    assert.equal(errorOf({ permissions: any, principals: anybody }), '');
    assert.match(errorOf({ permissions: [], principals: anybody }), /Permissions: value must contain at least 1 item/);
    assert.match(errorOf({ permissions: [{ destination_port_range: {} }], principals: anybody }), /RBAC permission/);
    assert.match(errorOf({ permissions: any, principals: [{ filter_state: { key: 'a' } }] }), /RBAC principal/);
    assert.match(errorOf({ permissions: [{}], principals: anybody }), /rule/);
    const header = { name: 'a', range_match: { start: '1', end: '2' } };
    assert.match(errorOf({ permissions: [{ header }], principals: anybody }), /RBAC header matcher/);
    assert.match(
      errorOf({ permissions: any, principals: [{ remote_ip: { address_prefix: 'x' } }] }),
      /malformed IP address/,
    );
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
