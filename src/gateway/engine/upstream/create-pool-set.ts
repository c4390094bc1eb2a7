// The connection pools of one cluster: one for each host and each way to reach it. Those that nothing is left of are dropped.
import type { ConnectionPool } from './upstream-stream.ts';

export interface PoolSet {
  get(hostKey: string, way: string, create: () => ConnectionPool): ConnectionPool;
  /** Pools of other hosts end with their last request. */
  keepHosts(hostKeys: ReadonlySet<string>): void;
  /** Its pools end with their last request; the next one gets new ones. */
  leave(hostKey: string): void;
  drain(): void;
}

/** Ways may depend on what clients send: beyond so many pools the empty ones are looked for. */
const tidyAbove = 256;

export function createPoolSet(): PoolSet {
  const byHost = new Map<string, Map<string, ConnectionPool>>();
  let count = 0;
  let tidyAt = tidyAbove;

  const drainAll = (pools: ReadonlyMap<string, ConnectionPool>): void => {
    for (const pool of pools.values()) pool.drain();
    count -= pools.size;
  };

  const tidy = (): void => {
    for (const pools of byHost.values())
      for (const [way, pool] of pools) {
        const { connections, waiting } = pool.size();
        if (connections + waiting > 0) continue;
        pools.delete(way);
        count--;
      }
    tidyAt = Math.max(tidyAbove, 2 * count);
  };

  return {
    get: (hostKey, way, create) => {
      const pools = byHost.get(hostKey) ?? new Map<string, ConnectionPool>();
      byHost.set(hostKey, pools);
      const known = pools.get(way);
      if (known) return known;
      if (count >= tidyAt) tidy();
      const pool = create();
      pools.set(way, pool);
      count++;
      return pool;
    },
    keepHosts: (hostKeys) => {
      for (const [hostKey, pools] of byHost) {
        if (hostKeys.has(hostKey)) continue;
        byHost.delete(hostKey);
        drainAll(pools);
      }
    },
    leave: (hostKey) => {
      const pools = byHost.get(hostKey);
      byHost.delete(hostKey);
      if (pools) drainAll(pools);
    },
    drain: () => {
      for (const pools of byHost.values()) drainAll(pools);
      byHost.clear();
    },
  };
}
