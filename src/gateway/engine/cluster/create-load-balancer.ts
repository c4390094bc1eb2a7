// Makes the balancer of one cluster; it lives as long as the cluster and takes its endpoint updates.
import type { ClusterConfig, Endpoint } from '../config/engine-config.ts';
import type { LoadBalancer, PickedHost, PickOptions } from './load-balancer.ts';

export function createLoadBalancer(initial: ClusterConfig, random: () => number = Math.random): LoadBalancer {
  let cluster = initial;
  const activeByKey = new Map<string, number>();

  const pickEndpoint = (): Endpoint | undefined => {
    const healthy = cluster.endpoints.filter((endpoint) => endpoint.healthy);
    return healthy[Math.floor(random() * healthy.length)];
  };

  const lease = (endpoint: Endpoint): PickedHost => {
    const key = hostKey(endpoint);
    activeByKey.set(key, (activeByKey.get(key) ?? 0) + 1);
    let released = false;
    return {
      endpoint,
      key,
      release: () => {
        if (released) return;
        released = true;
        const left = (activeByKey.get(key) ?? 1) - 1;
        if (left === 0) activeByKey.delete(key);
        else activeByKey.set(key, left);
      },
    };
  };

  return {
    get cluster() {
      return cluster;
    },
    pick: ({ avoid, attempts = 1 }: PickOptions = {}) => {
      let endpoint = pickEndpoint();
      for (let i = 0; i < attempts && endpoint && avoid?.has(hostKey(endpoint)); i++) endpoint = pickEndpoint();
      return endpoint && lease(endpoint);
    },
    update: (next) => {
      cluster = next;
    },
    active: (key) => activeByKey.get(key) ?? 0,
  };
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function hostKey(endpoint: Pick<Endpoint, 'address' | 'port'>): string {
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}
