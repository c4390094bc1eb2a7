// Resources as pilot sends them, for the tests of the configuration: protobuf JSON in, received resources out.
import { createRegistry, type DescMessage, fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import type { ReceivedResource, ReceivedUpdate } from '../../../xds/client/ads-client.ts';
import { ClusterSchema } from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../../xds/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { ScopedRouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/scoped_route_pb.ts';
import { file_envoy_extensions_access_loggers_file_v3_file } from '../../../xds/generated/envoy/extensions/access_loggers/file/v3/file_pb.ts';
import { file_envoy_extensions_filters_http_fault_v3_fault } from '../../../xds/generated/envoy/extensions/filters/http/fault/v3/fault_pb.ts';
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from '../../../xds/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { file_envoy_extensions_filters_http_router_v3_router } from '../../../xds/generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from '../../../xds/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from '../../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from '../../../xds/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from '../../../xds/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import { file_envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config } from '../../../xds/generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts';
import { SecretSchema } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from '../../../xds/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { file_xds_type_v3_typed_struct } from '../../../xds/generated/xds/type/v3/typed_struct_pb.ts';
import { type TypeUrl, typeUrls } from '../../../xds/type-urls.ts';

const registry = createRegistry(
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
  file_envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
  file_xds_type_v3_typed_struct,
);

const schemas: Readonly<Record<TypeUrl, DescMessage>> = {
  [typeUrls.cluster]: ClusterSchema,
  [typeUrls.endpoint]: ClusterLoadAssignmentSchema,
  [typeUrls.listener]: ListenerSchema,
  [typeUrls.scopedRoute]: ScopedRouteConfigurationSchema,
  [typeUrls.route]: RouteConfigurationSchema,
  [typeUrls.secret]: SecretSchema,
};

function received(typeUrl: TypeUrl, resource: JsonObject, version = '1'): ReceivedResource {
  const schema = schemas[typeUrl];
  const name = resource.name ?? resource.cluster_name ?? '';
  return { name: String(name), version, bytes: toBinary(schema, fromJson(schema, resource, { registry })) };
}

export function update(
  typeUrl: TypeUrl,
  resources: readonly JsonObject[],
  removed: readonly string[] = [],
  version = '1',
): ReceivedUpdate {
  return { typeUrl, resources: resources.map((resource) => received(typeUrl, resource, version)), removed };
}

export const type = (name: string): string => `type.googleapis.com/envoy.${name}`;
export const ads = { ads: {} };

export const router = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': type('extensions.filters.http.router.v3.Router') },
};

export const manager = (fields: JsonObject = {}): JsonObject => ({
  name: 'envoy.filters.network.http_connection_manager',
  typed_config: {
    '@type': type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'outbound_0.0.0.0_80;',
    http_filters: [router],
    ...(fields.route_config === undefined && { rds: { route_config_name: 'http.80', config_source: ads } }),
    ...fields,
  },
});

export const tcpProxy = (fields: JsonObject = {}): JsonObject => ({
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: {
    '@type': type('extensions.filters.network.tcp_proxy.v3.TcpProxy'),
    stat_prefix: 'mysql',
    ...(fields.weighted_clusters === undefined && { cluster: 'mysql' }),
    ...fields,
  },
});

export const listener = (name: string, port: number, fields: JsonObject = {}): JsonObject => ({
  name,
  address: { socket_address: { address: '0.0.0.0', port_value: port } },
  filter_chains: [{ filters: [manager()] }],
  ...fields,
});

export const sds = (name: string, cluster?: string): JsonObject => ({
  name,
  sds_config: cluster
    ? { api_config_source: { api_type: 'GRPC', grpc_services: [{ envoy_grpc: { cluster_name: cluster } }] } }
    : ads,
});

export const tls = (secrets: readonly JsonObject[], fields: JsonObject = {}): JsonObject => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': type('extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
    common_tls_context: { alpn_protocols: ['h2', 'http/1.1'], tls_certificate_sds_secret_configs: [...secrets] },
    ...fields,
  },
});

export const virtualHost = (domains: readonly string[], routes: readonly JsonObject[] = []): JsonObject => ({
  name: `${domains[0]}:80`,
  domains: [...domains],
  routes: [...routes],
});

export const routeTo = (cluster: string, match: JsonObject = { prefix: '/' }): JsonObject => ({
  match,
  route: { cluster, timeout: '0s' },
});

export const routes = (name: string, virtualHosts: readonly JsonObject[], fields: JsonObject = {}): JsonObject => ({
  name,
  virtual_hosts: [...virtualHosts],
  ...fields,
});

export const cluster = (name: string, fields: JsonObject = {}): JsonObject => ({
  name,
  type: 'EDS',
  eds_cluster_config: { eds_config: ads, service_name: name },
  connect_timeout: '10s',
  lb_policy: 'LEAST_REQUEST',
  ...fields,
});

export const endpoint = (address: string, port: number, fields: JsonObject = {}): JsonObject => ({
  endpoint: { address: { socket_address: { address, port_value: port } } },
  ...fields,
});

export const assignment = (name: string, endpoints: readonly JsonObject[]): JsonObject => ({
  cluster_name: name,
  endpoints: [{ lb_endpoints: [...endpoints] }],
});
