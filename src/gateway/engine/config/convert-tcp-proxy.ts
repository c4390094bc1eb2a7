// The network filter that passes bytes on as they are.
import type {
  TcpProxy as EnvoyTcpProxy,
  TcpProxy_TunnelingConfig as TunnelingConfig,
  TcpProxy_WeightedCluster as WeightedCluster,
} from '../../../xds/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { convertAccessLogs } from './convert-access-log.ts';
import { hashesSourceIp } from './convert-hash-policy.ts';
import { durationMs } from './duration-ms.ts';
import type { TcpProxy, TcpTunnel, WeightedClusters } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const proxyFields = new Set([
  'statPrefix',
  'clusterSpecifier',
  'metadataMatch',
  'idleTimeout',
  'accessLog',
  'hashPolicy',
  'tunnelingConfig',
]);
const tunnelFields = new Set(['hostname', 'usePost', 'postPath']);
const oneHour = 3_600_000;

export function convertTcpProxy(proxy: EnvoyTcpProxy, findings: Findings): TcpProxy {
  warnUnhandledFields(proxy, proxyFields, findings);
  if (proxy.statPrefix === '')
    findings.constraint('TcpProxy', 'StatPrefix', 'value length must be at least 1 characters');
  return {
    kind: 'tcp',
    statPrefix: proxy.statPrefix,
    clusters: convertClusters(proxy, findings),
    idleTimeoutMs: durationMs(proxy.idleTimeout, oneHour),
    ...(proxy.tunnelingConfig && { tunnel: convertTunnel(proxy.tunnelingConfig, findings) }),
    ...(hashesSourceIp(proxy.hashPolicy, findings) && { hashesSourceIp: true }),
    accessLogs: convertAccessLogs(proxy.accessLog, 'TcpProxy', findings),
  };
}

function convertTunnel(tunnel: TunnelingConfig, findings: Findings): TcpTunnel {
  warnUnhandledFields(tunnel, tunnelFields, findings.within('TcpProxy', 'TunnelingConfig'));
  const { hostname, usePost, postPath } = tunnel;
  if (hostname === '')
    findings
      .within('TcpProxy', 'TunnelingConfig')
      .constraint('TunnelingConfig', 'Hostname', 'value length must be at least 1 characters');
  if (!usePost && postPath !== '') findings.reject("Can't set a post path when POST method isn't used");
  return usePost
    ? { method: 'POST', target: hostname, path: postPath || '/' }
    : { method: 'CONNECT', target: hostname };
}

function convertClusters(proxy: EnvoyTcpProxy, findings: Findings): WeightedClusters {
  const { clusterSpecifier } = proxy;
  switch (clusterSpecifier.case) {
    case 'cluster':
      return { entries: [{ cluster: clusterSpecifier.value, weight: 1 }], totalWeight: 1 };
    case 'weightedClusters':
      return convertWeighted(clusterSpecifier.value, findings.within('TcpProxy', 'WeightedClusters'));
    case undefined:
      findings.required('TcpProxy', 'cluster_specifier');
      return { entries: [], totalWeight: 0 };
  }
}

function convertWeighted({ clusters }: WeightedCluster, findings: Findings): WeightedClusters {
  if (clusters.length === 0)
    findings.constraint('WeightedCluster', 'Clusters', 'value must contain at least 1 item(s)');
  for (const [index, { name, weight }] of clusters.entries()) {
    const inside = findings.within('WeightedCluster', `Clusters[${index}]`);
    if (name === '') inside.constraint('ClusterWeight', 'Name', 'value length must be at least 1 characters');
    if (weight === 0) inside.constraint('ClusterWeight', 'Weight', 'value must be greater than or equal to 1');
  }
  return {
    entries: clusters.map(({ name, weight }) => ({ cluster: name, weight })),
    totalWeight: clusters.reduce((sum, { weight }) => sum + weight, 0),
  };
}
