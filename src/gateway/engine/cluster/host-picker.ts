// The load balancing policies: each picks one of a fixed set of hosts.
import type { ClusterConfig, Endpoint, LoadBalancingConfig } from '../config/engine-config.ts';
import { createEdfScheduler } from './edf-scheduler.ts';

export interface Host {
  readonly endpoint: Endpoint;
  /** `address:port`. */
  readonly key: string;
  /** By its own word, and not ejected for its errors. */
  readonly healthy: boolean;
  /** What is known of it beyond its configuration; shared by all that have this key. */
  readonly load: HostLoad;
}

export interface HostLoad {
  /** Requests in flight. */
  active: number;
  /** performance.now() when it came, or was healthy again. */
  since: number;
}

/** Undefined only where there are no hosts. */
export type PickHost = () => Host | undefined;

export interface PickerOptions extends Pick<LoadBalancingConfig, 'choiceCount' | 'activeRequestBias' | 'slowStart'> {
  readonly policy: ClusterConfig['lbPolicy'];
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Milliseconds, as performance.now(). */
  readonly now: () => number;
}

export function createHostPicker(hosts: readonly Host[], options: PickerOptions): PickHost {
  const { policy, random, slowStart } = options;
  const randomHost: PickHost = () => hosts[Math.floor(random() * hosts.length)];
  if (policy === 'RANDOM') return randomHost;
  const [first] = hosts;
  const equalWeights = hosts.every(({ endpoint }) => endpoint.weight === first?.endpoint.weight);
  if (!equalWeights) return weightedPicker(hosts, options);
  const settled = policy === 'ROUND_ROBIN' ? roundRobin(hosts, random) : leastRequest(randomHost, options.choiceCount);
  if (slowStart === undefined) return settled;
  const settledAt = hosts.reduce((latest, { load }) => Math.max(latest, load.since), 0) + slowStart.windowMs;
  if (settledAt <= options.now()) return settled;
  const starting = weightedPicker(hosts, options);
  return () => (options.now() < settledAt ? starting() : settled());
}

/** Begins anywhere: gateways that start together do not march in step. */
function roundRobin(hosts: readonly Host[], random: () => number): PickHost {
  let next = Math.floor(random() * hosts.length);
  return () => hosts[next++ % hosts.length];
}

/** The part of its weight that a host has reached, 0 to 1 (Envoy's slow start). */
function startedShare({ since }: HostLoad, { slowStart, now }: PickerOptions): number {
  if (slowStart === undefined) return 1;
  const { windowMs, aggression, minimumShare } = slowStart;
  const age = Math.max(1, now() - since);
  return age >= windowMs ? 1 : Math.max(minimumShare, 0.0001, (age / windowMs) ** (1 / aggression));
}

/** The best of a few random hosts: nearly as good as the best of all, without everyone choosing the same one. */
function leastRequest(randomHost: PickHost, choiceCount: number): PickHost {
  return () => {
    let best = randomHost();
    for (let i = 1; i < choiceCount; i++) {
      const other = randomHost();
      if (best && other && other.load.active < best.load.active) best = other;
    }
    return best;
  };
}

function weightedPicker(hosts: readonly Host[], options: PickerOptions): PickHost {
  const { policy, activeRequestBias, random } = options;
  const weightOf = ({ endpoint, load }: Host): number => {
    const weight = endpoint.weight * startedShare(load, options);
    return policy === 'LEAST_REQUEST' ? weight / (load.active + 1) ** activeRequestBias : weight;
  };
  const scheduler = createEdfScheduler(hosts, weightOf);
  for (let skip = Math.floor(random() * hosts.length); skip > 0; skip--) scheduler.pick();
  return scheduler.pick;
}
