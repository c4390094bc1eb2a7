// Makes the balancer of one cluster; it lives as long as the cluster and takes its endpoint updates.
import type { ClusterConfig, Endpoint, LoadBalancingConfig } from '../config/engine-config.ts';
import { createEdfScheduler } from './edf-scheduler.ts';
import { createHostPicker, type Host, type PickerOptions, type PickHost } from './host-picker.ts';
import type { LoadBalancer, PickedHost, PickOptions } from './load-balancer.ts';
import { computePriorityLoads, type PriorityLoads, pickPriority } from './priority-loads.ts';

const envoysDefaults: LoadBalancingConfig = {
  healthyPanicThresholdPercent: 50,
  overprovisioningFactorPercent: 140,
  localityWeighted: false,
  choiceCount: 2,
  activeRequestBias: 1,
};

/** `random` gives numbers in [0, 1). */
export function createLoadBalancer(initial: ClusterConfig, random: () => number = Math.random): LoadBalancer {
  let cluster = initial;
  /** Of hosts in the cluster, and of those that left it with requests in flight. */
  const loads = new Map<string, Host['load']>();

  const hostsOf = (endpoints: readonly Endpoint[]): readonly Host[] =>
    endpoints.map((endpoint) => {
      const key = hostKey(endpoint);
      const load = loads.get(key) ?? { active: 0 };
      loads.set(key, load);
      return { endpoint, key, load };
    });

  const build = (): PickFromCluster => {
    const pick = createClusterPicker(cluster, hostsOf(cluster.endpoints), random);
    const present = new Set(cluster.endpoints.map(hostKey));
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
    pick: ({ avoid, attempts = 1, avoidPriorities }: PickOptions = {}) => {
      let host = pickHost(avoidPriorities);
      for (let i = 0; i < attempts && host && avoid?.has(host.key); i++) host = pickHost(avoidPriorities);
      return host && lease(host);
    },
    update: (next) => {
      cluster = next;
      pickHost = build();
    },
    active: (key) => loads.get(key)?.active ?? 0,
  };
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function hostKey(endpoint: Pick<Endpoint, 'address' | 'port'>): string {
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}

type PickFromCluster = (avoidPriorities?: ReadonlySet<number>) => Host | undefined;

/** First the priority, then (if asked for) the locality, then the host. */
function createClusterPicker(cluster: ClusterConfig, hosts: readonly Host[], random: () => number): PickFromCluster {
  const settings = cluster.lb ?? envoysDefaults;
  const options: PickerOptions = { policy: cluster.lbPolicy, random, ...settings };
  const byPriority = Map.groupBy(hosts, ({ endpoint }) => endpoint.locality.priority);
  const numbers = [...byPriority.keys()].sort((a, b) => a - b);
  const priorities = numbers.map((priority) => byPriority.get(priority) ?? []);
  const health = priorities.map((members) => ({
    hosts: members.length,
    healthy: members.filter(isHealthy).length,
  }));
  const loads = computePriorityLoads(health, settings);
  const pickers = priorities.map((members, index) => {
    if (loads.panic[index]) return createHostPicker(members, options);
    const healthy = members.filter(isHealthy);
    return settings.localityWeighted
      ? createLocalityPicker(members, options, settings)
      : createHostPicker(healthy, options);
  });
  const [only] = pickers;
  if (pickers.length === 1 && only) return () => only();
  const loadsWithout = (avoided: ReadonlySet<number>): PriorityLoads => {
    const isLeft = (index: number): boolean => !avoided.has(numbers[index] ?? 0);
    const left = health.map((one, index) => (isLeft(index) ? one : { hosts: one.hosts, healthy: 0 }));
    return left.some(({ healthy }) => healthy > 0) ? computePriorityLoads(left, settings) : loads;
  };
  return (avoided) => pickers[pickPriority(avoided?.size ? loadsWithout(avoided) : loads, random)]?.();
}

const isHealthy = ({ endpoint }: Host): boolean => endpoint.healthy;

/** Localities share by weight; one whose hosts fail gives up its share as far as overprovisioning does not cover it. */
function createLocalityPicker(hosts: readonly Host[], options: PickerOptions, settings: LoadBalancingConfig): PickHost {
  const localities = [...Map.groupBy(hosts, localityKey).values()].flatMap((members) => {
    const healthy = members.filter(isHealthy);
    const available = Math.min(1, (settings.overprovisioningFactorPercent * healthy.length) / (100 * members.length));
    const weight = (members[0]?.endpoint.locality.weight ?? 0) * available;
    return weight > 0 ? [{ weight, pick: createHostPicker(healthy, options) }] : [];
  });
  // Without any weight there is nothing to share by.
  if (localities.length === 0) return createHostPicker(hosts.filter(isHealthy), options);
  const scheduler = createEdfScheduler(localities, ({ weight }) => weight);
  for (let skip = Math.floor(options.random() * localities.length); skip > 0; skip--) scheduler.pick();
  return () => scheduler.pick()?.pick();
}

const localityKey = ({ endpoint: { locality } }: Host): string =>
  JSON.stringify([locality.region, locality.zone, locality.subZone]);
