// A Service port → its cluster, and the endpoints behind it.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  ClusterSchema,
} from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { blackHoleCluster, configPath } from '../../xds/resource-names.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import type { ProxyPlace } from '../model/locality.ts';
import { localityPolicy } from '../model/locality-policy.ts';
import type { UpstreamSettings } from '../model/mesh-settings.ts';
import type { ModelServicePort } from '../model/model.ts';
import type { OrderOptions } from '../model/order-localities.ts';
import type { ClusterPolicy, ClusterView } from '../model/proxy-view.ts';
import { adsSource, duration, seconds } from './config-source.ts';
import { translateConnectionPool } from './translate-connection-pool.ts';
import { translateDynamicDiscovery } from './translate-dynamic-discovery.ts';
import { assignEndpoints, translateEndpoints } from './translate-endpoints.ts';
import { speaksHttp2, translateHttpProtocol } from './translate-http-protocol.ts';
import { translateLoadBalancer } from './translate-load-balancer.ts';
import { translateLocalityPolicy } from './translate-locality-policy.ts';
import { translateOutlierDetection } from './translate-outlier-detection.ts';
import { targetName } from './translate-route.ts';
import { upstreamSecretNames } from './translate-tls-context.ts';
import { translateUpstreamSocket } from './translate-upstream-socket.ts';

/** Of all clusters of a proxy. */
interface ClusterSettings extends UpstreamSettings {
  readonly preserveHeaderCase: boolean;
}

const blackHoleConnectTimeout = 10;

const isDiscovered = ({ service }: ClusterView): boolean => service.discovery === 'addresses';

type Discovery = Pick<
  MessageInitShape<typeof ClusterSchema>,
  | 'clusterDiscoveryType'
  | 'edsClusterConfig'
  | 'loadAssignment'
  | 'dnsLookupFamily'
  | 'dnsRefreshRate'
  | 'respectDnsTtl'
  | 'lbPolicy'
  | 'lbConfig'
  | 'commonLbConfig'
>;

/** Endpoints come by EDS, or Envoy asks for their names itself. */
function discovery(
  name: string,
  view: ClusterView,
  { dnsRefreshRateMs }: UpstreamSettings,
  order: OrderOptions,
): Discovery {
  if (isDiscovered(view))
    return {
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
      edsClusterConfig: { edsConfig: adsSource(), serviceName: name },
    };
  if (view.service.discovery === 'named by requests' && view.tls !== 'broken')
    return translateDynamicDiscovery(view.service.host, view.tls);
  const type =
    view.service.discovery === 'names' ? Cluster_DiscoveryType.STRICT_DNS : Cluster_DiscoveryType.LOGICAL_DNS;
  const { loadAssignment, isEmpty } = assignEndpoints(name, view, order);
  return {
    // Without a name to ask for Envoy would refuse it.
    clusterDiscoveryType: { case: 'type', value: isEmpty ? Cluster_DiscoveryType.STATIC : type },
    loadAssignment,
    dnsLookupFamily: Cluster_DnsLookupFamily.V4_ONLY,
    dnsRefreshRate: duration(dnsRefreshRateMs),
    respectDnsTtl: true,
  };
}

/** Istio's outboundClusterStatName. A Service of the cluster goes by its short names, others by their host. */
function statName({ service, port, subset }: ClusterView, { clusterStatName }: UpstreamSettings): string {
  const isKubernetes = service.resource.kind === 'Service';
  const values: Readonly<Record<string, string>> = {
    SERVICE: isKubernetes ? `${service.name}.${service.namespace}` : service.host,
    SERVICE_NAME: isKubernetes ? service.name : service.host,
    SERVICE_FQDN: service.host,
    SERVICE_PORT: String(port.port),
    SERVICE_PORT_NAME: port.name ?? '',
    // Istio does not know it here.
    TARGET_PORT: '0',
    SUBSET_NAME: subset?.name ?? '',
  };
  return clusterStatName.replace(/%([A-Z_]+)%/g, (text, key: string) => values[key] ?? text);
}

/** What the rule does not say the mesh does. */
const policyOf = (view: ClusterView, upstream: ClusterSettings): ClusterPolicy => ({
  ...view.policy,
  connectionPool: view.policy.connectionPool ?? upstream.connectionPool,
  outlierDetection: view.policy.outlierDetection ?? upstream.outlierDetection,
});

/** As in Istio the mesh's outlier detection counts only where the data plane asks for names itself. */
function orderOf(view: ClusterView, upstream: ClusterSettings, place: ProxyPlace): OrderOptions {
  const { outlierDetection } = isDiscovered(view) ? view.policy : policyOf(view, upstream);
  return {
    policy: localityPolicy(view.policy.loadBalancer, view.service, upstream),
    place,
    detectsFailures: outlierDetection !== undefined,
  };
}

function buildCluster(name: string, view: ClusterView, upstream: ClusterSettings, place: ProxyPlace): Cluster {
  const { service, port, subset, rule } = view;
  const policy = policyOf(view, upstream);
  const order = orderOf(view, upstream, place);
  const isHttp2 = speaksHttp2(port.protocol, policy.connectionPool, upstream.upgradesToHttp2);
  const tls = view.tls === 'broken' ? undefined : view.tls;
  const [source] = rule?.sources ?? [];
  return create(ClusterSchema, {
    name,
    // Ends the part of a statistic's name that is the cluster's, since a cluster's name has dots.
    altStatName: `${statName(view, upstream) || name};`,
    ...(upstream.bufferBytes !== undefined && { perConnectionBufferLimitBytes: upstream.bufferBytes }),
    ...translateLoadBalancer(policy.loadBalancer),
    ...translateConnectionPool(policy, upstream),
    ...translateOutlierDetection(policy.outlierDetection),
    commonLbConfig: {
      // Zero: unhealthy endpoints never get traffic, however few are left.
      healthyPanicThreshold: {
        value: service.prefersNear === undefined ? (policy.outlierDetection?.minHealthPercent ?? 0) : 0,
      },
      ...translateLocalityPolicy(order.policy, policy.outlierDetection !== undefined),
    },
    ...discovery(name, view, upstream, order),
    metadata: {
      filterMetadata: {
        istio: {
          ...(service.isExternal && subset === undefined ? { external: true } : {}),
          services: [{ host: service.host, name: service.name, namespace: service.namespace }],
          ...(source && { config: configPath({ ...source, kind: 'DestinationRule' }) }),
          ...(subset && { subset: subset.name }),
        },
      },
    },
    ...translateHttpProtocol(isHttp2, policy, tls, {
      preserveHeaderCase: upstream.preserveHeaderCase,
      isDynamic: service.discovery === 'named by requests',
    }),
    ...translateUpstreamSocket(name, tls, policy, isHttp2, upstream.tlsDefaults),
  });
}

export interface ClusterResources {
  readonly cluster: XdsResource;
  /** Undefined where the cluster has its endpoints inside. */
  readonly endpoints: XdsResource | undefined;
}

interface Translated extends ClusterResources {
  readonly rule: ClusterView['rule'];
  readonly settings: string;
}

/** Ports keep their identity while their Service does, and rules theirs: what did not change is not encoded again. */
const translated = new WeakMap<ModelServicePort, Map<string, Translated>>();

export function translateCluster(view: ClusterView, upstream: ClusterSettings, place: ProxyPlace): ClusterResources {
  const { service, port, subset, rule, sniDnat } = view;
  const name = targetName({ host: service.host, port: port.port, subset: subset?.name ?? '', sniDnat });
  const byName = translated.get(port) ?? new Map<string, Translated>();
  translated.set(port, byName);
  // Gateways in several places have endpoints of their own each.
  const key = `${name} ${JSON.stringify(place)}`;
  const known = byName.get(key);
  // Settings are read anew with every change: what they say counts.
  const settings = JSON.stringify(upstream);
  if (known !== undefined && known.rule === rule && known.settings === settings) return known;
  const resources = {
    rule,
    settings,
    cluster: createXdsResource(typeUrls.cluster, ClusterSchema, name, buildCluster(name, view, upstream, place), {
      references: [
        ...(isDiscovered(view) ? [{ typeUrl: typeUrls.endpoint, name }] : []),
        ...(typeof view.tls === 'object' ? upstreamSecretNames(view.tls) : []).map((secret) => ({
          typeUrl: typeUrls.secret,
          name: secret,
        })),
      ],
      owners: [service.ref, ...(rule?.sources ?? [])],
    }),
    endpoints: isDiscovered(view) ? translateEndpoints(name, view, orderOf(view, upstream, place)) : undefined,
  };
  byName.set(key, resources);
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
