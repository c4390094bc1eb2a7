// Picks among all hosts of a cluster: first the priority, then (if asked for) the locality, then the host.
import type { ClusterConfig, LoadBalancingConfig } from '../config/engine-config.ts';
import { createEdfScheduler } from './edf-scheduler.ts';
import { createHashRing, createMaglevTable, type FindHost, type WeightedHost } from './hash-table.ts';
import { createHostPicker, type Host, type PickerOptions, type PickHost } from './host-picker.ts';
import type { BalancerSources, PickOptions } from './load-balancer.ts';
import { computePriorityLoads, type PriorityLoads, pickPriority } from './priority-loads.ts';

const envoysDefaults: LoadBalancingConfig = {
  healthyPanicThresholdPercent: 50,
  overprovisioningFactorPercent: 140,
  localityWeighted: false,
  choiceCount: 2,
  activeRequestBias: 1,
  ringSize: { minimum: 1024, maximum: 8_388_608 },
  tableSize: 65_537,
  updateMergeWindowMs: 1000,
};

export const isConsistentPolicy = (policy: ClusterConfig['lbPolicy']): boolean =>
  policy === 'RING_HASH' || policy === 'MAGLEV';

/** One request's picks: attempts count from 0, and the next one is for a host other than the last. */
export type PickAttempt = (attempt: number) => Host | undefined;
export type PickFromCluster = (
  hash: PickOptions['hash'],
  avoidPriorities: ReadonlySet<number> | undefined,
) => PickAttempt;

/** Hosts of one priority. */
type PickMember = (hash: bigint, attempt: number) => Host | undefined;

export function createClusterPicker(
  cluster: ClusterConfig,
  hosts: readonly Host[],
  { random, now, onPanic }: Required<BalancerSources>,
): PickFromCluster {
  const settings = cluster.lb ?? envoysDefaults;
  const options: PickerOptions = { policy: cluster.lbPolicy, random, now, ...settings };
  const isConsistent = isConsistentPolicy(cluster.lbPolicy);
  const byPriority = Map.groupBy(hosts, ({ endpoint }) => endpoint.locality.priority);
  const numbers = [...byPriority.keys()].sort((a, b) => a - b);
  const priorities = numbers.map((priority) => byPriority.get(priority) ?? []);
  const health = priorities.map((members) => ({
    hosts: members.length,
    healthy: members.filter(isHealthy).length,
  }));
  const loads = computePriorityLoads(health, settings);
  /** Health does not count then, nor do localities. */
  const whilePanicking = (members: readonly Host[]): PickMember => {
    const pick: PickMember = isConsistent
      ? createHashPicker(members, cluster.lbPolicy, settings)
      : createHostPicker(members, options);
    return (hash, attempt) => {
      onPanic();
      return pick(hash, attempt);
    };
  };
  const pickers = priorities.map((members, index): PickMember => {
    if (loads.panic[index]) return whilePanicking(members);
    const usable = members.filter(isHealthy);
    if (isConsistent) return createHashPicker(usable, cluster.lbPolicy, settings);
    return settings.localityWeighted
      ? createLocalityPicker(members, options, settings)
      : createHostPicker(usable, options);
  });
  const loadsWithout = (avoided: ReadonlySet<number>): PriorityLoads => {
    const isLeft = (index: number): boolean => !avoided.has(numbers[index] ?? 0);
    const left = health.map((one, index) => (isLeft(index) ? one : { hosts: one.hosts, healthy: 0 }));
    return left.some(({ healthy }) => healthy > 0) ? computePriorityLoads(left, settings) : loads;
  };
  const [only] = pickers;
  return (given, avoidPriorities) => {
    const hash = isConsistent ? (given ?? randomHash(random)) : 0n;
    if (pickers.length === 1 && only) return (attempt) => only(hash, attempt);
    const current = avoidPriorities?.size ? loadsWithout(avoidPriorities) : loads;
    // Where a hash decides, it decides this too.
    const draw = (): number => (isConsistent ? Number(hash % 100n) : Math.floor(random() * 100));
    return (attempt) => pickers[pickPriority(current, draw())]?.(hash, attempt);
  };
}

const isHealthy = ({ healthy }: Host): boolean => healthy;

const twoToThe32 = 4_294_967_296;
const randomHash = (random: () => number): bigint =>
  (BigInt(Math.floor(random() * twoToThe32)) << 32n) | BigInt(Math.floor(random() * twoToThe32));

/** Tables are large: one that nothing is sent through is not built. */
function createHashPicker(
  hosts: readonly Host[],
  policy: ClusterConfig['lbPolicy'],
  settings: LoadBalancingConfig,
): PickMember {
  let find: FindHost | undefined;
  return (hash, attempt) => {
    find ??=
      policy === 'MAGLEV'
        ? createMaglevTable(shares(hosts, settings), settings.tableSize)
        : createHashRing(shares(hosts, settings), settings.ringSize.minimum, settings.ringSize.maximum);
    return find(hash, attempt);
  };
}

const sum = (weights: readonly number[]): number => weights.reduce((total, weight) => total + weight, 0);

/** Weights of hosts, or of their localities first where those share by weight. */
function shares(hosts: readonly Host[], { localityWeighted }: LoadBalancingConfig): readonly WeightedHost[] {
  const within = (members: readonly Host[], share: number): readonly WeightedHost[] => {
    const total = sum(members.map(({ endpoint }) => endpoint.weight));
    return members.map((host) => ({ host, share: (share * host.endpoint.weight) / total }));
  };
  if (!localityWeighted) return within(hosts, 1);
  const localities = [...Map.groupBy(hosts, localityKey).values()];
  const weights = localities.map((members) => members[0]?.endpoint.locality.weight ?? 0);
  const total = sum(weights);
  if (total === 0) return within(hosts, 1);
  return localities.flatMap((members, i) => (weights[i] ? within(members, weights[i] / total) : []));
}

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
