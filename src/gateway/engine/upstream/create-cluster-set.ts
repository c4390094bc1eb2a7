// The clusters with what outlives their configuration: balancer and connection pools. Endpoints that leave are drained, not cut.
import { createLoadBalancer, hostKey } from '../cluster/create-load-balancer.ts';
import type { LoadBalancer, PickedHost } from '../cluster/load-balancer.ts';
import type { ClusterConfig } from '../config/engine-config.ts';
import { createHttp1Pool } from './create-http1-pool.ts';
import { createHttp2Pool } from './create-http2-pool.ts';
import type { ConnectionPool } from './upstream-stream.ts';

export interface Cluster {
  readonly config: ClusterConfig;
  readonly balancer: LoadBalancer;
  poolOf(host: PickedHost): ConnectionPool;
}

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
  const pools = new Map<string, ConnectionPool>();
  const drainAll = (): void => {
    for (const pool of pools.values()) pool.drain();
    pools.clear();
  };
  return {
    get config() {
      return config;
    },
    balancer,
    poolOf: ({ key, endpoint }) => {
      const known = pools.get(key);
      if (known) return known;
      const options = { endpoint, connectTimeoutMs: () => config.connectTimeoutMs };
      const pool = config.protocol === 'http2' ? createHttp2Pool(options) : createHttp1Pool(options);
      pools.set(key, pool);
      return pool;
    },
    update: (next) => {
      const otherProtocol = next.protocol !== config.protocol;
      config = next;
      balancer.update(next);
      if (otherProtocol) {
        drainAll();
        return;
      }
      const present = new Set(next.endpoints.map(hostKey));
      for (const [key, pool] of pools) {
        if (present.has(key)) continue;
        pools.delete(key);
        pool.drain();
      }
    },
    drain: drainAll,
  };
}
