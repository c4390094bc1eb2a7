// Resources as people read them: protobuf JSON with every Any unfolded and every private key hidden. Pilot and both data planes print through this.
import {
  createRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Registry,
  toJson,
} from '@bufbuild/protobuf';
import { extensionTypes } from './extension-types.ts';
import { ClusterSchema } from './generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from './generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from './generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from './generated/envoy/config/route/v3/route_pb.ts';
import { ScopedRouteConfigurationSchema } from './generated/envoy/config/route/v3/scoped_route_pb.ts';
import { file_envoy_extensions_access_loggers_file_v3_file } from './generated/envoy/extensions/access_loggers/file/v3/file_pb.ts';
import { file_envoy_extensions_access_loggers_filters_cel_v3_cel } from './generated/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.ts';
import { file_envoy_extensions_access_loggers_stream_v3_stream } from './generated/envoy/extensions/access_loggers/stream/v3/stream_pb.ts';
import { file_envoy_extensions_clusters_dynamic_forward_proxy_v3_cluster } from './generated/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.ts';
import { file_envoy_extensions_compression_brotli_compressor_v3_brotli } from './generated/envoy/extensions/compression/brotli/compressor/v3/brotli_pb.ts';
import { file_envoy_extensions_compression_gzip_compressor_v3_gzip } from './generated/envoy/extensions/compression/gzip/compressor/v3/gzip_pb.ts';
import { file_envoy_extensions_compression_zstd_compressor_v3_zstd } from './generated/envoy/extensions/compression/zstd/compressor/v3/zstd_pb.ts';
import { file_envoy_extensions_filters_http_buffer_v3_buffer } from './generated/envoy/extensions/filters/http/buffer/v3/buffer_pb.ts';
import { file_envoy_extensions_filters_http_compressor_v3_compressor } from './generated/envoy/extensions/filters/http/compressor/v3/compressor_pb.ts';
import { file_envoy_extensions_filters_http_cors_v3_cors } from './generated/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import { file_envoy_extensions_filters_http_ext_authz_v3_ext_authz } from './generated/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.ts';
import { file_envoy_extensions_filters_http_fault_v3_fault } from './generated/envoy/extensions/filters/http/fault/v3/fault_pb.ts';
import { file_envoy_extensions_filters_http_grpc_stats_v3_config } from './generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.ts';
import { file_envoy_extensions_filters_http_grpc_web_v3_grpc_web } from './generated/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.ts';
import { file_envoy_extensions_filters_http_jwt_authn_v3_config } from './generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts';
import { file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit } from './generated/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts';
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from './generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { file_envoy_extensions_filters_http_router_v3_router } from './generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { file_envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol } from './generated/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.ts';
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from './generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import { file_envoy_extensions_filters_network_ext_authz_v3_ext_authz } from './generated/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.ts';
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from './generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from './generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts';
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from './generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { file_envoy_extensions_http_header_formatters_preserve_case_v3_preserve_case } from './generated/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.ts';
import { file_envoy_extensions_request_id_uuid_v3_uuid } from './generated/envoy/extensions/request_id/uuid/v3/uuid_pb.ts';
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from './generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import { file_envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config } from './generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts';
import { file_envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol } from './generated/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.ts';
import { file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer } from './generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts';
import { SecretSchema } from './generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from './generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from './generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { file_xds_type_v3_typed_struct } from './generated/xds/type/v3/typed_struct_pb.ts';
import { type TypeUrl, typeUrls } from './type-urls.ts';

const schemas: Readonly<Record<TypeUrl, DescMessage>> = {
  [typeUrls.cluster]: ClusterSchema,
  [typeUrls.endpoint]: ClusterLoadAssignmentSchema,
  [typeUrls.listener]: ListenerSchema,
  [typeUrls.scopedRoute]: ScopedRouteConfigurationSchema,
  [typeUrls.route]: RouteConfigurationSchema,
  [typeUrls.secret]: SecretSchema,
};

/** Every type that an Any of ours holds. */
const ownTypes = createRegistry(
  ...Object.values(schemas),
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_access_loggers_filters_cel_v3_cel,
  file_envoy_extensions_access_loggers_stream_v3_stream,
  file_envoy_extensions_clusters_dynamic_forward_proxy_v3_cluster,
  file_envoy_extensions_compression_brotli_compressor_v3_brotli,
  file_envoy_extensions_compression_gzip_compressor_v3_gzip,
  file_envoy_extensions_compression_zstd_compressor_v3_zstd,
  file_envoy_extensions_filters_http_compressor_v3_compressor,
  file_envoy_extensions_filters_http_buffer_v3_buffer,
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit,
  file_envoy_extensions_filters_http_ext_authz_v3_ext_authz,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_filters_http_grpc_stats_v3_config,
  file_envoy_extensions_filters_http_grpc_web_v3_grpc_web,
  file_envoy_extensions_filters_http_jwt_authn_v3_config,
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_listener_proxy_protocol_v3_proxy_protocol,
  file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
  file_envoy_extensions_filters_network_ext_authz_v3_ext_authz,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_rbac_v3_rbac,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_extensions_http_header_formatters_preserve_case_v3_preserve_case,
  file_envoy_extensions_request_id_uuid_v3_uuid,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
  file_envoy_extensions_retry_priority_previous_priorities_v3_previous_priorities_config,
  file_envoy_extensions_transport_sockets_proxy_protocol_v3_upstream_proxy_protocol,
  file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
  file_xds_type_v3_typed_struct,
);

/** And those that users bring with an EnvoyFilter. */
const registry: Registry = {
  ...ownTypes,
  getMessage: (name) => ownTypes.getMessage(name) ?? extensionTypes().getMessage(name),
};

const secretFields = new Set([
  'privateKey',
  'private_key',
  'password',
  'sessionTicketKeys',
  'session_ticket_keys',
  'genericSecret',
  'generic_secret',
]);

/** A copy in which private keys, passwords and ticket keys are `[redacted]`, at any depth. */
function redactSecrets(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(redactSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [
      field,
      secretFields.has(field) ? '[redacted]' : redactSecrets(inner),
    ]),
  );
}

const asObject = (value: JsonValue): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

/** Throws on bytes that are not of the type, or hold an Any of a type unknown here. */
export function resourceToJson(typeUrl: TypeUrl, bytes: Uint8Array): JsonObject {
  const schema = schemas[typeUrl];
  return asObject(redactSecrets(toJson(schema, fromBinary(schema, bytes), { registry })));
}

/**
 * Brings protobuf JSON as Envoy writes it (snake_case, defaults spelled out) into the same form as `resourceToJson`. What holds
 * something unknown here stays as it is: a dump shows what is there.
 */
export function normalizeResourceJson(typeUrl: TypeUrl, value: JsonObject): JsonObject {
  const { '@type': _type, ...fields } = value;
  const schema = schemas[typeUrl];
  try {
    return asObject(redactSecrets(toJson(schema, fromJson(schema, fields, { registry }), { registry })));
  } catch {
    return asObject(redactSecrets(fields));
  }
}
