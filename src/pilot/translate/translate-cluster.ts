// A Service port → its cluster, and the endpoints behind it.
import { create } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  ClusterSchema,
} from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { HealthStatus } from '../../xds/generated/envoy/config/core/v3/health_check_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../xds/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { blackHoleCluster, configPath } from '../../xds/resource-names.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import type { ModelServicePort } from '../model/model.ts';
import { selectorMatches } from '../model/proxy-class.ts';
import type { ClusterView } from '../model/proxy-view.ts';
import { adsSource, seconds } from './config-source.ts';
import { translateConnectionPool } from './translate-connection-pool.ts';
import { speaksHttp2, translateHttpProtocol } from './translate-http-protocol.ts';
import { translateLoadBalancer } from './translate-load-balancer.ts';
import { translateOutlierDetection } from './translate-outlier-detection.ts';
import { targetName } from './translate-route.ts';
import { upstreamSecretNames } from './translate-tls-context.ts';
import { translateUpstreamSocket } from './translate-upstream-socket.ts';

const blackHoleConnectTimeout = 10;

function buildCluster(name: string, view: ClusterView): Cluster {
  const { service, port, subset, rule, policy } = view;
  const tls = view.tls === 'broken' ? undefined : view.tls;
  const [source] = rule?.sources ?? [];
  return create(ClusterSchema, {
    name,
    // Ends the part of a statistic's name that is the cluster's, since a cluster's name has dots.
    altStatName: `${name};`,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: adsSource(), serviceName: name },
    ...translateLoadBalancer(policy.loadBalancer),
    ...translateConnectionPool(policy),
    ...translateOutlierDetection(policy.outlierDetection),
    // Zero: unhealthy endpoints never get traffic, however few are left.
    commonLbConfig: { healthyPanicThreshold: { value: policy.outlierDetection?.minHealthPercent ?? 0 } },
    metadata: {
      filterMetadata: {
        istio: {
          services: [{ host: service.host, name: service.name, namespace: service.namespace }],
          ...(source && { config: configPath({ ...source, kind: 'DestinationRule' }) }),
          ...(subset && { subset: subset.name }),
        },
      },
    },
    ...translateHttpProtocol(port.protocol, policy, tls),
    ...translateUpstreamSocket(name, tls, policy, speaksHttp2(port.protocol, policy.connectionPool)),
  });
}

function translateEndpoints(name: string, { service, port, subset, tls }: ClusterView): XdsResource {
  const endpoints =
    tls === 'broken'
      ? []
      : port.endpoints.filter((endpoint) => subset === undefined || selectorMatches(subset.labels, endpoint.labels));
  const lbEndpoints = endpoints.map(({ address, port: portValue }) => ({
    hostIdentifier: {
      case: 'endpoint' as const,
      value: {
        address: {
          address: {
            case: 'socketAddress' as const,
            value: { address, portSpecifier: { case: 'portValue' as const, value: portValue } },
          },
        },
      },
    },
    healthStatus: HealthStatus.HEALTHY,
    loadBalancingWeight: 1,
  }));
  const assignment = create(ClusterLoadAssignmentSchema, {
    clusterName: name,
    endpoints: lbEndpoints.length === 0 ? [] : [{ locality: {}, lbEndpoints, loadBalancingWeight: lbEndpoints.length }],
  });
  return createXdsResource(typeUrls.endpoint, ClusterLoadAssignmentSchema, name, assignment, {
    owners: [service.ref],
  });
}

export interface ClusterResources {
  readonly cluster: XdsResource;
  readonly endpoints: XdsResource;
}

interface Translated extends ClusterResources {
  readonly rule: ClusterView['rule'];
}

/** Ports keep their identity while their Service does, and rules theirs: what did not change is not encoded again. */
const translated = new WeakMap<ModelServicePort, Map<string, Translated>>();

export function translateCluster(view: ClusterView): ClusterResources {
  const { service, port, subset, rule, sniDnat } = view;
  const name = targetName({ host: service.host, port: port.port, subset: subset?.name ?? '', sniDnat });
  const byName = translated.get(port) ?? new Map<string, Translated>();
  translated.set(port, byName);
  const known = byName.get(name);
  if (known !== undefined && known.rule === rule) return known;
  const resources = {
    rule,
    cluster: createXdsResource(typeUrls.cluster, ClusterSchema, name, buildCluster(name, view), {
      references: [
        { typeUrl: typeUrls.endpoint, name },
        ...(typeof view.tls === 'object' ? upstreamSecretNames(view.tls) : []).map((secret) => ({
          typeUrl: typeUrls.secret,
          name: secret,
        })),
      ],
      owners: [service.ref, ...(rule?.sources ?? [])],
    }),
    endpoints: translateEndpoints(name, view),
  };
  byName.set(name, resources);
  return resources;
}

/** Has no endpoints: what is sent to it ends there. */
export function translateBlackHoleCluster(): XdsResource {
  const cluster = create(ClusterSchema, {
    name: blackHoleCluster,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: seconds(blackHoleConnectTimeout),
  });
  return createXdsResource(typeUrls.cluster, ClusterSchema, blackHoleCluster, cluster);
}
