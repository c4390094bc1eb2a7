// The configuration Envoy starts with: who it is, where pilot and the file certificates are, and Istio's runtime settings.
import { type JsonObject, toJson } from '@bufbuild/protobuf';
import { NodeSchema } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { createNode, type NodeOptions } from '../../xds/node.ts';
import { adsCluster, fileSecretCluster } from '../../xds/resource-names.ts';
import { statsSettings } from './stats-settings.ts';

export type XdsProtocol = 'delta' | 'sotw';

export interface BootstrapOptions {
  readonly node: NodeOptions;
  /** Unix sockets: the relay to pilot, our SDS server, and Envoy's own admin server. */
  readonly adsSocket: string;
  readonly sdsSocket: string;
  readonly adminSocket: string;
  readonly xdsProtocol: XdsProtocol;
  /** Asked for the names of endpoints; `host` is an IP address. Empty: the machine's own. */
  readonly dnsServers?: readonly { readonly host: string; readonly port: number }[];
  /** Of clients at a time, over all listeners; no limit if absent. */
  readonly maxConnections?: number;
  /** Prefixes of statistics to keep beside the usual ones. */
  readonly statsPrefixes?: readonly string[];
}

const http2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
};

function localCluster(name: string, socket: string): JsonObject {
  const endpoint = { address: { pipe: { path: socket } } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    typed_extension_protocol_options: http2,
  };
}

/**
 * Values are strings as in the bootstrap Istio writes, and that matters: a guard set to the string "false" is not off, so
 * Istio gateways answer a path with a fragment with 400.
 */
const runtime = {
  'envoy.reloadable_features.http_reject_path_with_fragment': 'false',
  're2.max_program_size.error_level': '32768',
};

/** Istio's runtime key for "no limit" is deprecated in favour of this; without either Envoy warns at each start. */
const overload = (maxConnections = 2 ** 31 - 1): JsonObject => ({
  resource_monitors: [
    {
      name: 'envoy.resource_monitors.global_downstream_max_connections',
      typed_config: {
        '@type':
          'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
        max_active_downstream_connections: String(maxConnections),
      },
    },
  ],
});

/** Envoy's own goes up to 30 s: too long for a pilot that is back. */
const retryPolicy = { retry_back_off: { base_interval: '0.25s', max_interval: '5s' } };

function dnsResolver(servers: NonNullable<BootstrapOptions['dnsServers']>): JsonObject {
  if (servers.length === 0) return {};
  return {
    typed_dns_resolver_config: {
      name: 'envoy.network.dns_resolver.cares',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
        resolvers: servers.map(({ host, port }) => ({ socket_address: { address: host, port_value: port } })),
      },
    },
  };
}

/** Plain JSON, as Envoy reads it from a file. */
export function buildBootstrap(options: BootstrapOptions): JsonObject {
  const ads = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    node: toJson(NodeSchema, createNode(options.node)),
    layered_runtime: {
      layers: [
        { name: 'global config', static_layer: runtime },
        { name: 'admin', admin_layer: {} },
      ],
    },
    overload_manager: overload(options.maxConnections),
    stats_config: statsSettings(options.statsPrefixes ?? []),
    // Of thousands of clusters most never see a request: what is counted of those costs nothing before.
    deferred_stat_options: { enable_deferred_creation_stats: true },
    // However many clients there are, it can be asked.
    admin: { address: { pipe: { path: options.adminSocket, mode: 0o600 } }, ignore_global_conn_limit: true },
    dynamic_resources: {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        api_type: options.xdsProtocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        set_node_on_first_message_only: true,
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: adsCluster, retry_policy: retryPolicy } }],
      },
    },
    ...dnsResolver(options.dnsServers ?? []),
    static_resources: {
      clusters: [localCluster(fileSecretCluster, options.sdsSocket), localCluster(adsCluster, options.adsSocket)],
    },
  };
}
