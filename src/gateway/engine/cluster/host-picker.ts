// The load balancing policies: each picks one of a fixed set of hosts.
import type { ClusterConfig, Endpoint } from '../config/engine-config.ts';
import { createEdfScheduler } from './edf-scheduler.ts';

export interface Host {
  readonly endpoint: Endpoint;
  /** `address:port`. */
  readonly key: string;
  /** Requests in flight; shared by all that have this key. */
  readonly load: { active: number };
}

/** Undefined only where there are no hosts. */
export type PickHost = () => Host | undefined;

export interface PickerOptions {
  readonly policy: ClusterConfig['lbPolicy'];
  readonly choiceCount: number;
  readonly activeRequestBias: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

export function createHostPicker(hosts: readonly Host[], options: PickerOptions): PickHost {
  const { policy, random } = options;
  const randomHost: PickHost = () => hosts[Math.floor(random() * hosts.length)];
  if (policy === 'RANDOM') return randomHost;
  const [first] = hosts;
  const equalWeights = hosts.every(({ endpoint }) => endpoint.weight === first?.endpoint.weight);
  if (!equalWeights) return weightedPicker(hosts, options);
  return policy === 'ROUND_ROBIN' ? roundRobin(hosts, random) : leastRequest(randomHost, options.choiceCount);
}

/** Begins anywhere: gateways that start together do not march in step. */
function roundRobin(hosts: readonly Host[], random: () => number): PickHost {
  let next = Math.floor(random() * hosts.length);
  return () => hosts[next++ % hosts.length];
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

function weightedPicker(hosts: readonly Host[], { policy, activeRequestBias, random }: PickerOptions): PickHost {
  const weightOf = ({ endpoint, load }: Host): number =>
    policy === 'LEAST_REQUEST' ? endpoint.weight / (load.active + 1) ** activeRequestBias : endpoint.weight;
  const scheduler = createEdfScheduler(hosts, weightOf);
  for (let skip = Math.floor(random() * hosts.length); skip > 0; skip--) scheduler.pick();
  return scheduler.pick;
}
