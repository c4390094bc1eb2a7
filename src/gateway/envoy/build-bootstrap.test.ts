// The bootstrap as a whole (it is a golden: a change here is a change of every Envoy), and that it is one by its schema.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry, fromJson } from '@bufbuild/protobuf';
import { BootstrapSchema } from '../../xds/generated/envoy/config/bootstrap/v3/bootstrap_pb.ts';
import { ApiConfigSource_ApiType } from '../../xds/generated/envoy/config/core/v3/config_source_pb.ts';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from '../../xds/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { parseNode } from '../../xds/node.ts';
import { type BootstrapOptions, buildBootstrap } from './build-bootstrap.ts';

const options: BootstrapOptions = {
  node: {
    name: 'gateway-0',
    namespace: 'istio-system',
    address: '10.0.0.7',
    labels: { istio: 'ingressgateway', app: 'istio-ingressgateway' },
    dataPlane: 'envoy',
    localNode: { bind: '127.0.0.1', portMap: { 80: 18080 } },
    version: '0.1.0',
  },
  adsSocket: '/run/ads.sock',
  sdsSocket: '/run/sds.sock',
  adminSocket: '/run/admin.sock',
  xdsProtocol: 'delta',
};

const http2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
};
const cluster = (name: string, path: string) => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
  },
  typed_extension_protocol_options: http2,
});

test('names node, sockets, runtime settings and where configuration comes from', () => {
  const { stats_config: stats, ...bootstrap } = buildBootstrap(options);
  assert.deepEqual(bootstrap, {
    deferred_stat_options: { enable_deferred_creation_stats: true },
    node: {
      id: 'router~10.0.0.7~gateway-0.istio-system~istio-system.svc.cluster.local',
      cluster: 'istio-ingressgateway',
      metadata: {
        NAME: 'gateway-0',
        NAMESPACE: 'istio-system',
        LABELS: { istio: 'ingressgateway', app: 'istio-ingressgateway' },
        TIDEGATE: { DATA_PLANE: 'envoy', VERSION: '0.1.0', LOCAL_NODE: { BIND: '127.0.0.1', PORT_MAP: { 80: 18080 } } },
      },
    },
    layered_runtime: {
      layers: [
        {
          name: 'global config',
          static_layer: {
            'envoy.reloadable_features.http_reject_path_with_fragment': 'false',
            're2.max_program_size.error_level': '32768',
          },
        },
        { name: 'admin', admin_layer: {} },
      ],
    },
    overload_manager: {
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            max_active_downstream_connections: '2147483647',
          },
        },
      ],
    },
    admin: { address: { pipe: { path: '/run/admin.sock', mode: 0o600 } }, ignore_global_conn_limit: true },
    dynamic_resources: {
      lds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
      cds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
      ads_config: {
        api_type: 'DELTA_GRPC',
        set_node_on_first_message_only: true,
        transport_api_version: 'V3',
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: 'xds-grpc',
              retry_policy: { retry_back_off: { base_interval: '0.25s', max_interval: '5s' } },
            },
          },
        ],
      },
    },
    static_resources: { clusters: [cluster('sds-grpc', '/run/sds.sock'), cluster('xds-grpc', '/run/ads.sock')] },
  });
  assert.ok(stats);
});

test('is a Bootstrap by its schema, whose node pilot reads back', () => {
  const { overload_manager: _typeOfItsOwn, ...bootstrap } = buildBootstrap({ ...options, statsPrefixes: ['mine.'] });
  const registry = createRegistry(file_envoy_extensions_upstreams_http_v3_http_protocol_options);
  const message = fromJson(BootstrapSchema, bootstrap, { registry });
  assert.equal(message.dynamicResources?.adsConfig?.apiType, ApiConfigSource_ApiType.DELTA_GRPC);
  const { namespace, labels, localNode, dataPlane } = parseNode(message.node!);
  assert.deepEqual(
    { namespace, labels, localNode, dataPlane },
    {
      namespace: 'istio-system',
      labels: options.node.labels,
      localNode: options.node.localNode,
      dataPlane: 'envoy',
    },
  );
  const matcher = message.statsConfig?.statsMatcher?.statsMatcher;
  const patterns =
    matcher?.case === 'inclusionList' ? matcher.value.patterns.map((pattern) => pattern.matchPattern.value) : [];
  for (const prefix of ['reporter=', 'listener.', 'http.', 'tcp.', 'cluster.', 'mine.'])
    assert.ok(patterns.includes(prefix), prefix);
});

test('asks for the state of the world on request', () => {
  const bootstrap = buildBootstrap({ ...options, xdsProtocol: 'sotw' });
  const dynamic = bootstrap.dynamic_resources as { ads_config: { api_type: string } };
  assert.equal(dynamic.ads_config.api_type, 'GRPC');
});

test('names the DNS servers that are to be asked', () => {
  const dnsServers = [
    { host: '10.96.0.10', port: 53 },
    { host: 'fd00::10', port: 5353 },
  ];
  const { typed_dns_resolver_config: resolver } = buildBootstrap({ ...options, dnsServers });
  assert.deepEqual(resolver, {
    name: 'envoy.network.dns_resolver.cares',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
      resolvers: [
        { socket_address: { address: '10.96.0.10', port_value: 53 } },
        { socket_address: { address: 'fd00::10', port_value: 5353 } },
      ],
    },
  });
});
