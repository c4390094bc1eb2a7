// The network filter of TCP chains.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { ResourceRef } from '../../lib/diagnostic.ts';
import { type Filter, FilterSchema } from '../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { TcpProxySchema } from '../../xds/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { blackHoleCluster } from '../../xds/resource-names.ts';
import type { AccessLogView, ForwardTargets, Tunnel } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';
import { accessLogs } from './translate-access-log.ts';
import { translateTcpHashPolicies } from './translate-hash-policy.ts';
import { targetName } from './translate-route.ts';

const targetOf = ({ targetHost, targetPort }: Tunnel): string =>
  targetHost.includes(':') ? `[${targetHost}]:${targetPort}` : `${targetHost}:${targetPort}`;

/** Without targets (a rule that is broken) connections are accepted and closed. */
export function translateTcpProxy(
  wanted: ForwardTargets | undefined,
  owner: ResourceRef,
  logs: readonly AccessLogView[],
): Filter {
  const targets = wanted?.tunnel === 'broken' ? undefined : wanted;
  const tunnel = targets?.tunnel === 'broken' ? undefined : targets?.tunnel;
  const policies = targets?.policies ?? [];
  const [idleTimeoutMs] = policies.flatMap(({ connectionPool }) => connectionPool?.tcpIdleTimeoutMs ?? []);
  const single =
    targets === undefined ? blackHoleCluster : targets.kind === 'single' ? targetName(targets.target) : undefined;
  const proxy = create(TcpProxySchema, {
    statPrefix: single ?? `${owner.name}.${owner.namespace}`,
    clusterSpecifier:
      targets?.kind === 'weighted'
        ? {
            case: 'weightedClusters',
            value: {
              clusters: targets.targets.map((target) => ({ name: targetName(target), weight: target.weight })),
            },
          }
        : { case: 'cluster', value: single ?? blackHoleCluster },
    hashPolicy: translateTcpHashPolicies(policies),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeout: duration(idleTimeoutMs) }),
    ...(tunnel && { tunnelingConfig: { hostname: targetOf(tunnel), usePost: tunnel.protocol === 'POST' } }),
    accessLog: accessLogs(logs),
  });
  return create(FilterSchema, {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig', value: anyPack(TcpProxySchema, proxy) },
  });
}
