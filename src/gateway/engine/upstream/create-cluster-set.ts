// The clusters with what outlives their configuration: balancer and connection pools. Endpoints that leave are drained, not cut.
import { createLoadBalancer, hostKey } from '../cluster/create-load-balancer.ts';
import type { LoadBalancer, PickedHost } from '../cluster/load-balancer.ts';
import { createOutlierDetector, type HostResult, type OutlierDetector } from '../cluster/outlier-detector.ts';
import type { ClusterConfig, Endpoint, SecretConfig } from '../config/engine-config.ts';
import type { ClusterStatistics } from '../statistics/cluster-statistics.ts';
import type { EngineStatistics } from '../statistics/engine-statistics.ts';
import { createUpstreamContexts, type UpstreamContexts } from '../tls/create-upstream-contexts.ts';
import { createHttp1Pool } from './create-http1-pool.ts';
import { createHttp2Pool } from './create-http2-pool.ts';
import type { LookUp } from './create-look-up.ts';
import { createPoolSet } from './create-pool-set.ts';
import { createDynamicHosts, type DynamicHosts } from './dynamic-hosts.ts';
import { createMergeWindow } from './merge-window.ts';
import { type NameResolver, resolveNames } from './resolve-names.ts';
import { createResourceLimits, type LimitedResource, type ResourceLimits } from './resource-limits.ts';
import type { UpstreamTransport } from './secure-upstream.ts';
import type { ConnectionPool } from './upstream-stream.ts';
import { type Client, transportKey, upstreamTransport } from './upstream-transport.ts';

export interface Cluster {
  readonly config: ClusterConfig;
  readonly balancer: LoadBalancer;
  readonly limits: ResourceLimits;
  /** Where requests name their endpoint; then `balancer` has none. */
  readonly dynamic: DynamicHosts | undefined;
  readonly statistics: ClusterStatistics;
  poolOf(host: PickedHost, client: Client): ConnectionPool;
  /** What a connection of its own, beside the pools, is to be like. */
  transportTo(client: Pick<Client, 'addresses' | 'authority'>): UpstreamTransport;
  /** What became of a request: hosts that fail get none for a while, where the cluster wants it so. */
  report(host: PickedHost, result: HostResult): void;
}

export interface ClusterSet {
  get(name: string): Cluster | undefined;
  /** Takes the place of what was there; requests in flight keep what they picked. */
  apply(configs: ReadonlyMap<string, ClusterConfig>, secrets?: ReadonlyMap<string, SecretConfig>): void;
  close(): void;
}

interface LiveCluster extends Cluster {
  update(config: ClusterConfig): void;
  drain(): void;
}

export interface ClusterSetOptions {
  readonly lookUp: LookUp;
  readonly statistics: Pick<EngineStatistics, 'cluster'>;
  /** 0 to 1. */
  readonly random?: () => number;
}

export function createClusterSet({ lookUp, statistics, random = Math.random }: ClusterSetOptions): ClusterSet {
  let clusters = new Map<string, LiveCluster>();
  const contexts = createUpstreamContexts();
  return {
    get: (name) => clusters.get(name),
    apply: (configs, secrets = new Map()) => {
      contexts.apply(secrets);
      const next = new Map<string, LiveCluster>();
      for (const [name, config] of configs) {
        const known = clusters.get(name);
        if (known && known.config.version !== config.version) known.update(config);
        next.set(name, known ?? createCluster(config, contexts, { lookUp, statistics, random }));
      }
      for (const [name, cluster] of clusters) if (!next.has(name)) cluster.drain();
      clusters = next;
    },
    close: () => {
      for (const cluster of clusters.values()) cluster.drain();
      clusters = new Map();
    },
  };
}

function createCluster(
  initial: ClusterConfig,
  contexts: UpstreamContexts,
  { lookUp, statistics: all, random }: Required<ClusterSetOptions>,
): LiveCluster {
  let config = initial;
  /** By address: from the configuration, or from DNS. */
  let endpoints = initial.endpoints;
  let statistics = all.cluster(config);
  const balancer = createLoadBalancer(initial, {
    random,
    onPanic: () => statistics.membershipCounters.lb_healthy_panic++,
  });
  const limits = createResourceLimits(() => config.circuitBreakers, {
    requests: {
      took: () => {
        statistics.counters.upstream_rq_total++;
        statistics.gauges.upstream_rq_active++;
      },
      ended: () => {
        statistics.gauges.upstream_rq_active--;
      },
    },
    pendingRequests: {
      took: () => {
        statistics.counters.upstream_rq_pending_total++;
        statistics.gauges.upstream_rq_pending_active++;
      },
      ended: () => {
        statistics.gauges.upstream_rq_pending_active--;
      },
    },
  });
  const isOpen = ({ mayTake }: LimitedResource): number => (mayTake() ? 0 : 1);
  const countMembers = (): void => {
    statistics.membership.membership_total = endpoints.length;
    statistics.membership.membership_healthy = balancer.healthyHosts();
  };
  const adoptStatistics = (): void => {
    statistics.refresh = () => {
      statistics.breakers.cx_open = isOpen(limits.connections);
      statistics.breakers.rq_open = isOpen(limits.requests);
      statistics.breakers.rq_pending_open = isOpen(limits.pendingRequests);
      statistics.breakers.rq_retry_open = isOpen(limits.retries);
      statistics.outlierGauges.ejections_active = detector?.ejected().size ?? 0;
    };
    countMembers();
  };
  const pools = createPoolSet();
  let leftOut: ReadonlySet<string> = new Set();
  const ejections = createMergeWindow(
    () => config.lb?.updateMergeWindowMs ?? 1000,
    () => {
      const ejected = detector?.ejected() ?? new Set<string>();
      balancer.eject(ejected);
      // As Envoy: what failed is not gone back to over the same connections.
      for (const key of ejected) if (!leftOut.has(key)) pools.leave(key);
      leftOut = ejected;
      countMembers();
    },
  );
  const detect = (): OutlierDetector | undefined => {
    const { outlierDetection } = config;
    if (outlierDetection === undefined) return undefined;
    const made = createOutlierDetector({
      config: outlierDetection,
      onChange: ejections.request,
      random,
      counters: () => statistics.outlier,
    });
    made.setHosts(endpoints.map(hostKey));
    return made;
  };
  let detector = detect();
  const setEndpoints = (next: readonly Endpoint[]): void => {
    if (membersOf(next) !== membersOf(endpoints)) statistics.membershipCounters.membership_change++;
    endpoints = next;
    detector?.setHosts(next.map(hostKey));
    balancer.update({ ...config, endpoints: next });
    ejections.applied();
    countMembers();
    pools.keepHosts(new Set(next.map(hostKey)));
  };
  const resolve = (known?: NameResolver['known']): NameResolver | undefined =>
    config.dns && resolveNames(config.dns, setEndpoints, lookUp, known);
  let resolver = resolve();
  const findDynamic = (): DynamicHosts | undefined =>
    config.dynamic &&
    createDynamicHosts({
      config: config.dynamic,
      lookUp,
      defaultPort: config.tls === undefined ? 80 : 443,
      onForgotten: pools.keepHosts,
    });
  let dynamic = findDynamic();
  if (endpoints.length > 0) statistics.membershipCounters.membership_change++;
  adoptStatistics();
  return {
    get config() {
      return config;
    },
    get dynamic() {
      return dynamic;
    },
    balancer,
    limits,
    get statistics() {
      return statistics;
    },
    transportTo: (client) => upstreamTransport(config, client, contexts, undefined),
    poolOf: ({ key, endpoint }, client) => {
      const speaksHttp2 = config.protocol === 'downstream' ? client.protocol === 'HTTP/2' : config.protocol === 'http2';
      return pools.get(key, `${speaksHttp2} ${transportKey(config, client)}`, () => {
        const alpn = speaksHttp2 ? 'h2' : 'http/1.1';
        const transport = () => upstreamTransport(config, client, contexts, alpn);
        const options = { endpoint, config: () => config, limits, statistics: () => statistics, transport };
        return speaksHttp2 ? createHttp2Pool(options) : createHttp1Pool(options);
      });
    },
    report: ({ key }, result) => detector?.report(key, result),
    update: (next) => {
      const before = config;
      config = next;
      const own = all.cluster(config);
      if (own !== statistics) {
        statistics = own;
        adoptStatistics();
      }
      if (next.outlierDetection !== before.outlierDetection) {
        detector?.close();
        detector = detect();
        balancer.eject(new Set());
      }
      if (next.dns !== before.dns) {
        resolver?.close();
        resolver = resolve(resolver?.known);
      }
      dynamic?.close();
      dynamic = findDynamic();
      // What DNS said stays in force while its names do.
      setEndpoints(next.dns === undefined ? next.endpoints : endpoints);
      // Connections that are kept or secured otherwise than it says now end with their last request.
      const isOther =
        next.protocol !== before.protocol ||
        next.connections !== before.connections ||
        next.tls !== before.tls ||
        next.proxyProtocol !== before.proxyProtocol;
      if (isOther) pools.drain();
    },
    drain: () => {
      resolver?.close();
      dynamic?.close();
      detector?.close();
      ejections.close();
      pools.drain();
    },
  };
}

/** Equal for endpoints that are the same hosts, whatever their health and weight. */
const membersOf = (endpoints: readonly Endpoint[]): string => endpoints.map(hostKey).sort().join(' ');
