// Cluster → what is known of it without its endpoints, and where those come from.

import type { CircuitBreakers } from '../../../xds/generated/envoy/config/cluster/v3/circuit_breaker_pb.ts';
import {
  type Cluster,
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_LbPolicy as LbPolicy,
} from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { TransportSocket } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { HttpProtocolOptionsSchema } from '../../../xds/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import { type ConvertedEndpoints, convertEndpoints } from './convert-endpoints.ts';
import { convertLoadBalancing } from './convert-load-balancing.ts';
import { durationMs } from './duration-ms.ts';
import type { ClusterConfig, LoadBalancingConfig } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { extensionType, rawBuffer, unpackAny } from './unpack-any.ts';
import { snakeCase, warnUnhandledFields } from './warn-unhandled-fields.ts';

export interface ConvertedCluster {
  /** Everything but endpoints and what they bring. */
  readonly base: Omit<ClusterConfig, 'endpoints' | 'lb'> & {
    readonly lb: Omit<LoadBalancingConfig, 'overprovisioningFactorPercent'>;
  };
  /** The ClusterLoadAssignment to wait for; undefined if the endpoints are in the cluster. */
  readonly endpointsName: string | undefined;
  readonly endpoints: ConvertedEndpoints;
  /** False: the engine could reach them only in a way that nobody asked for, so it does not. */
  readonly usable: boolean;
}

const clusterFields = new Set([
  ...[
    'name',
    'altStatName',
    'clusterDiscoveryType',
    'edsClusterConfig',
    'connectTimeout',
    'lbPolicy',
    'loadAssignment',
  ],
  ...['circuitBreakers', 'typedExtensionProtocolOptions', 'http2ProtocolOptions', 'lbConfig', 'commonLbConfig'],
  ...['transportSocket', 'transportSocketMatches', 'metadata'],
  // Buffers, statistics and bookkeeping.
  ...[
    'perConnectionBufferLimitBytes',
    'cleanupInterval',
    'waitForWarmOnInit',
    'trackTimeoutBudgets',
    'trackClusterStats',
  ],
  ...['dnsLookupFamily', 'dnsRefreshRate', 'respectDnsTtl', 'dnsFailureRefreshRate', 'typedDnsResolverConfig'],
]);
const protocolFields = new Set(['upstreamProtocolOptions']);

const noEndpoints: ConvertedEndpoints = { version: '', endpoints: [], overprovisioningFactorPercent: 140 };
const fiveSeconds = 5000;

/** Of use only if the findings have no error. */
export function convertCluster(cluster: Cluster, version: string, findings: Findings): ConvertedCluster {
  warnUnhandledFields(cluster, clusterFields, findings);
  if (cluster.name === '') findings.constraint('Cluster', 'Name', 'value length must be at least 1 characters');
  const connectTimeoutMs = durationMs(cluster.connectTimeout, fiveSeconds);
  if (connectTimeoutMs <= 0) findings.constraint('Cluster', 'ConnectTimeout', 'value must be greater than 0s');
  warnOfCircuitBreakers(cluster.circuitBreakers, findings);
  const { endpointsName, endpoints } = convertDiscovery(cluster, version, findings);
  return {
    base: {
      name: cluster.name,
      version,
      connectTimeoutMs,
      protocol: convertProtocol(cluster, findings),
      lbPolicy: convertPolicy(cluster.lbPolicy, findings),
      lb: convertLoadBalancing(cluster, findings),
      ...(cluster.altStatName !== '' && { altStatName: cluster.altStatName }),
    },
    endpointsName,
    endpoints,
    usable: isPlaintext(cluster, findings),
  };
}

function convertDiscovery(
  cluster: Cluster,
  version: string,
  findings: Findings,
): Pick<ConvertedCluster, 'endpointsName' | 'endpoints'> {
  const { clusterDiscoveryType: discovery } = cluster;
  const type = discovery.case === 'type' ? discovery.value : undefined;
  if (discovery.case === 'clusterType') {
    findings.warn(noEndpointsOf(extensionType(discovery.value.typedConfig)));
    return { endpointsName: undefined, endpoints: noEndpoints };
  }
  if (type !== undefined && type !== DiscoveryType.EDS && type !== DiscoveryType.STATIC) {
    findings.warn(noEndpointsOf(nameOf(DiscoveryType, type)));
    return { endpointsName: undefined, endpoints: noEndpoints };
  }
  if (type === DiscoveryType.EDS) {
    const eds = cluster.edsClusterConfig;
    const source = eds?.edsConfig?.configSourceSpecifier.case;
    if (source === undefined) findings.reject('cannot create an EDS cluster without an EDS config');
    else if (source !== 'ads') findings.reject('the embedded engine has no source for endpoints: ADS only');
    return { endpointsName: eds?.serviceName || cluster.name, endpoints: noEndpoints };
  }
  const assignment = cluster.loadAssignment;
  const endpoints = assignment
    ? convertEndpoints(assignment, version, findings.within('Cluster', 'LoadAssignment'))
    : noEndpoints;
  return { endpointsName: undefined, endpoints };
}

const noEndpointsOf = (type: string): string =>
  `clusters of type ${type} are not supported by the embedded engine: this one has no endpoints`;

/** The name of an enum's value. */
function nameOf(values: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(values).find((name) => values[name] === value) ?? String(value);
}

function convertPolicy(policy: LbPolicy, findings: Findings): ClusterConfig['lbPolicy'] {
  switch (policy) {
    case LbPolicy.ROUND_ROBIN:
      return 'ROUND_ROBIN';
    case LbPolicy.LEAST_REQUEST:
      return 'LEAST_REQUEST';
    case LbPolicy.RANDOM:
      return 'RANDOM';
    case LbPolicy.RING_HASH:
      return 'RING_HASH';
    case LbPolicy.MAGLEV:
      return 'MAGLEV';
    default:
      findings.warn(
        `${nameOf(LbPolicy, policy)} is not supported by the embedded engine: endpoints are picked at random`,
      );
      return 'RANDOM';
  }
}

function convertProtocol(cluster: Cluster, findings: Findings): ClusterConfig['protocol'] {
  let protocol: ClusterConfig['protocol'] = cluster.http2ProtocolOptions ? 'http2' : 'http1';
  for (const [name, any] of Object.entries(cluster.typedExtensionProtocolOptions)) {
    const options = unpackAny(any, HttpProtocolOptionsSchema, findings);
    if (options === undefined) {
      findings.warn(`protocol options '${name}' are not supported by the embedded engine: they have no effect`);
      continue;
    }
    warnUnhandledFields(options, protocolFields, findings.within('Cluster', 'HttpProtocolOptions'));
    const upstream = options.upstreamProtocolOptions;
    if (upstream.case === undefined) findings.required('HttpProtocolOptions', 'upstream_protocol_options');
    else if (upstream.case !== 'explicitHttpConfig')
      findings.warn(
        `${snakeCase(upstream.case)} is not supported by the embedded engine: backends are spoken to in HTTP/1.1`,
      );
    else if (upstream.value.protocolConfig.case === 'http2ProtocolOptions') protocol = 'http2';
    else if (upstream.value.protocolConfig.case === 'http3ProtocolOptions')
      findings.warn('HTTP/3 is not supported by the embedded engine: backends are spoken to in HTTP/1.1');
  }
  return protocol;
}

/** What was to go encrypted must not go in plaintext. */
function isPlaintext(cluster: Cluster, findings: Findings): boolean {
  const isRaw = (socket: TransportSocket | undefined): boolean =>
    socket === undefined ||
    (socket.configType.case === 'typedConfig' && extensionType(socket.configType.value) === rawBuffer);
  const plaintext =
    isRaw(cluster.transportSocket) && cluster.transportSocketMatches.every((match) => isRaw(match.transportSocket));
  if (!plaintext)
    findings.warn(
      'transport_socket (TLS to backends) is not supported by the embedded engine: the cluster has no endpoints',
    );
  return plaintext;
}

const unlimited = 4_294_967_295;

/** Istio sets every limit to the largest number: that asks for nothing. */
function warnOfCircuitBreakers(breakers: CircuitBreakers | undefined, findings: Findings): void {
  const limits = [...(breakers?.thresholds ?? []), ...(breakers?.perHostThresholds ?? [])].flatMap((threshold) => [
    ...[threshold.maxConnections, threshold.maxPendingRequests, threshold.maxRequests, threshold.maxRetries],
    threshold.maxConnectionPools,
  ]);
  if (limits.some((limit) => limit !== undefined && limit !== unlimited))
    findings.warn('circuit_breakers are not supported by the embedded engine: there is no limit');
}
