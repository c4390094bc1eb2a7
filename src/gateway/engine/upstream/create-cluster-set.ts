// The clusters with what outlives their configuration: balancer and connection pools. Endpoints that leave are drained, not cut.
import { createLoadBalancer, hostKey } from '../cluster/create-load-balancer.ts';
import type { LoadBalancer, PickedHost } from '../cluster/load-balancer.ts';
import { createOutlierDetector, type HostResult, type OutlierDetector } from '../cluster/outlier-detector.ts';
import type { ClusterConfig } from '../config/engine-config.ts';
import { createHttp1Pool } from './create-http1-pool.ts';
import { createHttp2Pool } from './create-http2-pool.ts';
import { createMergeWindow } from './merge-window.ts';
import { createResourceLimits, type ResourceLimits } from './resource-limits.ts';
import type { ConnectionPool } from './upstream-stream.ts';

export interface Cluster {
  readonly config: ClusterConfig;
  readonly balancer: LoadBalancer;
  readonly limits: ResourceLimits;
  /** `protocol` is the client's: some clusters speak it too. */
  poolOf(host: PickedHost, protocol: ClientProtocol): ConnectionPool;
  /** What became of a request: hosts that fail get none for a while, where the cluster wants it so. */
  report(host: PickedHost, result: HostResult): void;
}

export type ClientProtocol = 'HTTP/1.1' | 'HTTP/2';

export interface ClusterSet {
  get(name: string): Cluster | undefined;
  /** Takes the place of what was there; requests in flight keep what they picked. */
  apply(configs: ReadonlyMap<string, ClusterConfig>): void;
  close(): void;
}

interface LiveCluster extends Cluster {
  update(config: ClusterConfig): void;
  drain(): void;
}

export function createClusterSet(random: () => number = Math.random): ClusterSet {
  let clusters = new Map<string, LiveCluster>();
  return {
    get: (name) => clusters.get(name),
    apply: (configs) => {
      const next = new Map<string, LiveCluster>();
      for (const [name, config] of configs) {
        const known = clusters.get(name);
        if (known && known.config.version !== config.version) known.update(config);
        next.set(name, known ?? createCluster(config, random));
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

function createCluster(initial: ClusterConfig, random: () => number): LiveCluster {
  let config = initial;
  const balancer = createLoadBalancer(initial, { random });
  const limits = createResourceLimits(() => config.circuitBreakers);
  const pools = { http1: new Map<string, ConnectionPool>(), http2: new Map<string, ConnectionPool>() };
  const drainAll = (): void => {
    for (const byHost of Object.values(pools)) {
      for (const pool of byHost.values()) pool.drain();
      byHost.clear();
    }
  };
  const drainGone = (): void => {
    const present = new Set(config.endpoints.map(hostKey));
    for (const byHost of Object.values(pools))
      for (const [key, pool] of byHost) {
        if (present.has(key)) continue;
        byHost.delete(key);
        pool.drain();
      }
  };
  const ejections = createMergeWindow(
    () => config.lb?.updateMergeWindowMs ?? 1000,
    () => balancer.eject(detector?.ejected() ?? new Set()),
  );
  const detect = (): OutlierDetector | undefined => {
    const { outlierDetection } = config;
    if (outlierDetection === undefined) return undefined;
    const made = createOutlierDetector({ config: outlierDetection, onChange: ejections.request, random });
    made.setHosts(config.endpoints.map(hostKey));
    return made;
  };
  let detector = detect();
  return {
    get config() {
      return config;
    },
    balancer,
    limits,
    poolOf: ({ key, endpoint }, protocol) => {
      const speaksHttp2 = config.protocol === 'downstream' ? protocol === 'HTTP/2' : config.protocol === 'http2';
      const byHost = speaksHttp2 ? pools.http2 : pools.http1;
      const known = byHost.get(key);
      if (known) return known;
      const options = { endpoint, config: () => config, limits };
      const pool = speaksHttp2 ? createHttp2Pool(options) : createHttp1Pool(options);
      byHost.set(key, pool);
      return pool;
    },
    report: ({ key }, result) => detector?.report(key, result),
    update: (next) => {
      const before = config;
      config = next;
      if (next.outlierDetection !== before.outlierDetection) {
        detector?.close();
        detector = detect();
        balancer.eject(new Set());
      }
      detector?.setHosts(next.endpoints.map(hostKey));
      balancer.update(next);
      ejections.applied();
      // Connections that are kept otherwise than it says now end with their last request.
      if (next.protocol !== before.protocol || next.connections !== before.connections) drainAll();
      else drainGone();
    },
    drain: () => {
      detector?.close();
      ejections.close();
      drainAll();
    },
  };
}
