// Cluster → what is known of it without its endpoints, and where those come from.

import {
  type Cluster,
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_DnsLookupFamily as DnsLookupFamily,
  Cluster_LbPolicy as LbPolicy,
} from '../../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { convertCircuitBreakers } from './convert-circuit-breakers.ts';
import { convertDynamic } from './convert-dynamic.ts';
import { type ConvertedEndpoints, convertEndpoints } from './convert-endpoints.ts';
import { convertHttpProtocol } from './convert-http-protocol.ts';
import { convertLoadBalancing } from './convert-load-balancing.ts';
import { convertOutlierDetection } from './convert-outlier-detection.ts';
import type { SecretNeeds } from './convert-tls-secrets.ts';
import { convertUpstreamSocket } from './convert-upstream-socket.ts';
import { durationMs } from './duration-ms.ts';
import type { ClusterConfig, DnsConfig, DynamicConfig, LoadBalancingConfig, TcpKeepalive } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { extensionType } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

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
  readonly needs: SecretNeeds;
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
  ...['transportSocket', 'transportSocketMatches', 'metadata', 'outlierDetection', 'upstreamConnectionOptions'],
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
const connectionFields = new Set(['tcpKeepalive']);

const noEndpoints: ConvertedEndpoints = { version: '', endpoints: [], overprovisioningFactorPercent: 140 };
const fiveSeconds = 5000;

/** Of use only if the findings have no error. */
export function convertCluster(cluster: Cluster, version: string, findings: Findings): ConvertedCluster {
  warnUnhandledFields(cluster, clusterFields, findings);
  if (cluster.name === '') findings.constraint('Cluster', 'Name', 'value length must be at least 1 characters');
  const connectTimeoutMs = durationMs(cluster.connectTimeout, fiveSeconds);
  if (connectTimeoutMs <= 0) findings.constraint('Cluster', 'ConnectTimeout', 'value must be greater than 0s');
  const { protocol, connections, isError } = convertHttpProtocol(cluster, findings);
  const outlierDetection = convertOutlierDetection(cluster.outlierDetection, findings);
  const { endpointsName, endpoints, dns, dynamic } = convertDiscovery(cluster, version, findings);
  const needs: SecretNeeds = { secrets: new Set(), fileSecrets: new Set(), inlineSecrets: new Map() };
  const socket = convertUpstreamSocket(cluster, { owner: `cluster ${cluster.name}`, version, needs }, findings);
  return {
    base: {
      name: cluster.name,
      version,
      connectTimeoutMs,
      protocol,
      connections: { ...connections, tcpKeepalive: convertKeepalive(cluster, findings) },
      circuitBreakers: convertCircuitBreakers(cluster.circuitBreakers, findings),
      ...(outlierDetection && { outlierDetection: { ...outlierDetection, ...(isError && { isError }) } }),
      // Where requests name their endpoint nothing is left to pick.
      lbPolicy: dynamic ? 'RANDOM' : convertPolicy(cluster.lbPolicy, findings),
      lb: convertLoadBalancing(cluster, findings),
      ...(dns && socket !== 'unusable' && { dns }),
      ...(dynamic && socket !== 'unusable' && { dynamic }),
      ...(socket === 'unusable' ? {} : socket),
      ...(cluster.altStatName !== '' && { altStatName: cluster.altStatName }),
    },
    endpointsName,
    endpoints,
    usable: socket !== 'unusable',
    needs,
  };
}

function convertDiscovery(
  cluster: Cluster,
  version: string,
  findings: Findings,
): Pick<ConvertedCluster, 'endpointsName' | 'endpoints'> & {
  readonly dns?: DnsConfig;
  readonly dynamic?: DynamicConfig;
} {
  const { clusterDiscoveryType: discovery } = cluster;
  const type = discovery.case === 'type' ? discovery.value : undefined;
  if (discovery.case === 'clusterType') {
    const dynamic = convertDynamic(discovery.value.typedConfig, findings);
    if (dynamic) return { endpointsName: undefined, endpoints: noEndpoints, dynamic };
    findings.warn(noEndpointsOf(extensionType(discovery.value.typedConfig)));
    return { endpointsName: undefined, endpoints: noEndpoints };
  }
  if (type === DiscoveryType.STRICT_DNS || type === DiscoveryType.LOGICAL_DNS)
    return { endpointsName: undefined, endpoints: noEndpoints, dns: convertDns(cluster, version, type, findings) };
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

/** Envoy's other ways to mix both families are AUTO here. */
const families: ReadonlyMap<DnsLookupFamily, DnsConfig['family']> = new Map([
  [DnsLookupFamily.V4_ONLY, 4],
  [DnsLookupFamily.V6_ONLY, 6],
  [DnsLookupFamily.V4_PREFERRED, 4],
]);

function convertDns(cluster: Cluster, version: string, type: DiscoveryType, findings: Findings): DnsConfig {
  const inside = findings.within('Cluster', 'LoadAssignment');
  const assignment = cluster.loadAssignment;
  const targets = assignment ? convertEndpoints(assignment, version, inside, true).endpoints : [];
  const logical = type === DiscoveryType.LOGICAL_DNS;
  if (logical && targets.length !== 1)
    findings.reject('LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint');
  return {
    logical,
    family: families.get(cluster.dnsLookupFamily) ?? 'auto',
    refreshMs: durationMs(cluster.dnsRefreshRate, fiveSeconds),
    respectTtl: cluster.respectDnsTtl,
    targets,
  };
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

function convertKeepalive(cluster: Cluster, findings: Findings): TcpKeepalive | undefined {
  const options = cluster.upstreamConnectionOptions;
  if (options) warnUnhandledFields(options, connectionFields, findings.within('Cluster', 'UpstreamConnectionOptions'));
  const keepalive = options?.tcpKeepalive;
  return (
    keepalive && {
      probes: keepalive.keepaliveProbes,
      timeSeconds: keepalive.keepaliveTime,
      intervalSeconds: keepalive.keepaliveInterval,
    }
  );
}
