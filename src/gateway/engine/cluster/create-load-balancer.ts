// Makes the balancer of one cluster; it lives as long as the cluster and takes its endpoint updates.
import type { ClusterConfig, Endpoint } from '../config/engine-config.ts';
import { createClusterPicker, isConsistentPolicy } from './cluster-picker.ts';
import type { Host, HostLoad } from './host-picker.ts';
import type { BalancerSources, LoadBalancer, PickedHost, PickOptions } from './load-balancer.ts';

export function createLoadBalancer(
  initial: ClusterConfig,
  { random = Math.random, now = () => performance.now(), onPanic = () => {} }: BalancerSources = {},
): LoadBalancer {
  let cluster = initial;
  /** Of hosts in the cluster, and of those that left it with requests in flight. */
  const loads = new Map<string, HostLoad>();
  /** Those that were healthy when the picker was built. */
  let healthy: ReadonlySet<string> = new Set();
  let ejected: ReadonlySet<string> = new Set();

  const hostsOf = (endpoints: readonly Endpoint[]): readonly Host[] =>
    endpoints.map((endpoint) => {
      const key = hostKey(endpoint);
      const load = loads.get(key) ?? { active: 0, since: now() };
      loads.set(key, load);
      if (!healthy.has(key)) load.since = now();
      return { endpoint, key, load, healthy: endpoint.healthy && !ejected.has(key) };
    });

  const build = () => {
    const hosts = hostsOf(cluster.endpoints);
    const pick = createClusterPicker(cluster, hosts, { random, now, onPanic });
    const present = new Set(cluster.endpoints.map(hostKey));
    healthy = new Set(hosts.filter((host) => host.healthy).map(({ key }) => key));
    for (const [key, { active }] of loads) if (active === 0 && !present.has(key)) loads.delete(key);
    return pick;
  };

  let pickHost = build();

  const lease = ({ endpoint, key, load }: Host): PickedHost => {
    load.active++;
    let released = false;
    return {
      endpoint,
      key,
      release: () => {
        if (released) return;
        released = true;
        load.active--;
      },
    };
  };

  return {
    get cluster() {
      return cluster;
    },
    get isConsistent() {
      return isConsistentPolicy(cluster.lbPolicy);
    },
    pick: ({ avoid, attempts = 1, avoidPriorities, hash }: PickOptions = {}) => {
      const pick = pickHost(hash, avoidPriorities);
      let host = pick(0);
      for (let i = 1; i <= attempts && host && avoid?.has(host.key); i++) host = pick(i);
      return host && lease(host);
    },
    update: (next) => {
      cluster = next;
      pickHost = build();
    },
    eject: (keys) => {
      ejected = keys;
      pickHost = build();
    },
    healthyHosts: () => healthy.size,
    active: (key) => loads.get(key)?.active ?? 0,
  };
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function hostKey(endpoint: Pick<Endpoint, 'address' | 'port'>): string {
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}
