// Sixth step of a request: which endpoint of the cluster gets it. What the balancer promises to whoever sends requests.
import type { ClusterConfig, Endpoint } from '../config/engine-config.ts';

/** An endpoint picked for one request; counts as active there until it is released. */
export interface PickedHost {
  readonly endpoint: Endpoint;
  /** `address:port`, IPv6 in brackets: the key of `avoid` and of `active`. */
  readonly key: string;
  /** Ends the request; calling it again does nothing. */
  release(): void;
}

export interface PickOptions {
  /** Keys of hosts tried before: another one is taken if one turns up. */
  readonly avoid?: ReadonlySet<string>;
  /** How many more picks to make to get away from `avoid` (host_selection_retry_max_attempts); default 1. */
  readonly attempts?: number;
  /** Priorities that get no requests as long as another one has healthy hosts. */
  readonly avoidPriorities?: ReadonlySet<number>;
  /** What consistent policies find the host by; absent: any. */
  readonly hash?: bigint | undefined;
}

export interface BalancerSources {
  /** Gives numbers in [0, 1). */
  readonly random?: () => number;
  /** Milliseconds. */
  readonly now?: () => number;
  /** A host was picked where so few are healthy that health does not count. */
  readonly onPanic?: () => void;
}

export interface LoadBalancer {
  readonly cluster: ClusterConfig;
  /** Whether `hash` decides where a request goes. */
  readonly isConsistent: boolean;
  /** Undefined: no healthy upstream. */
  pick(options?: PickOptions): PickedHost | undefined;
  /** Endpoints or policy changed. Hosts that stay keep their active requests. */
  update(cluster: ClusterConfig): void;
  /** Keys of hosts that count as unhealthy, whatever their configuration says. */
  eject(keys: ReadonlySet<string>): void;
  /** Requests in flight to a host, also to one that has left the cluster. */
  active(key: string): number;
  /** How many hosts are healthy and not ejected. */
  healthyHosts(): number;
}
