// Passive health checks (Envoy's outlier detection): hosts with so many errors in a row get no requests for a while.
import type { OutlierDetection } from '../config/engine-config.ts';
import { createOutlierCounters, type OutlierCounters } from '../statistics/cluster-statistics.ts';

/** What became of a request, or of a connection, at a host. */
export type HostResult =
  | { readonly kind: 'connected' }
  /** For TCP, where nothing else is known of success. */
  | { readonly kind: 'served' }
  | { readonly kind: 'connect failed' | 'timeout' }
  | { readonly kind: 'response'; readonly status: number };

export interface OutlierDetector {
  report(hostKey: string, result: HostResult): void;
  /** Those that are in the cluster now: others are forgotten. */
  setHosts(hostKeys: readonly string[]): void;
  ejected(): ReadonlySet<string>;
  close(): void;
}

export interface OutlierDetectorOptions {
  readonly config: OutlierDetection;
  /** Called after each change of `ejected`. */
  readonly onChange: () => void;
  readonly random: () => number;
  readonly counters?: () => OutlierCounters;
  /** Milliseconds. */
  readonly now?: () => number;
}

interface Monitor {
  consecutive5xx: number;
  consecutiveGatewayFailure: number;
  consecutiveLocalOriginFailure: number;
  /** When it was ejected; undefined while it is not. */
  ejectedAt: number | undefined;
  jitterMs: number;
  /** Ejections in a row: each makes the next one longer. */
  backOff: number;
}

const statNames = {
  consecutive5xx: 'consecutive_5xx',
  consecutiveGatewayFailure: 'consecutive_gateway_failure',
  consecutiveLocalOriginFailure: 'consecutive_local_origin_failure',
} as const;

type Counter = 'consecutive5xx' | 'consecutiveGatewayFailure' | 'consecutiveLocalOriginFailure';

const newMonitor = (): Monitor => ({
  consecutive5xx: 0,
  consecutiveGatewayFailure: 0,
  consecutiveLocalOriginFailure: 0,
  ejectedAt: undefined,
  jitterMs: 0,
  backOff: 0,
});

/** Where local errors are not told apart they count as what clients get for them. */
const statusOf = (result: HostResult): number | undefined => {
  switch (result.kind) {
    case 'response':
      return result.status;
    case 'connect failed':
      return 503;
    case 'timeout':
      return 504;
    case 'served':
      return 200;
    case 'connected':
      return undefined;
  }
};

export function createOutlierDetector(options: OutlierDetectorOptions): OutlierDetector {
  const { config, onChange, random, now = () => performance.now() } = options;
  const uncounted = createOutlierCounters();
  const counters = options.counters ?? (() => uncounted);
  const monitors = new Map<string, Monitor>();

  const ejected = (): ReadonlySet<string> =>
    new Set([...monitors].flatMap(([key, { ejectedAt }]) => (ejectedAt === undefined ? [] : [key])));

  const mayEject = (): boolean => {
    const active = ejected().size;
    if (config.alwaysEjectsOne && active === 0) return true;
    return (100 * (active + 1)) / monitors.size <= config.maxEjectionPercent;
  };

  const eject = (monitor: Monitor, counter: Counter): void => {
    const check = config[counter];
    const numbers = counters();
    const name = statNames[counter];
    numbers[`ejections_detected_${name}`]++;
    if (counter === 'consecutive5xx') numbers.ejections_consecutive_5xx++;
    if (!mayEject()) {
      numbers.ejections_overflow++;
      return;
    }
    numbers.ejections_total++;
    if (random() >= check.enforcedShare) return;
    numbers.ejections_enforced_total++;
    numbers[`ejections_enforced_${name}`]++;
    monitor.ejectedAt = now();
    monitor.jitterMs = config.ejectionJitterMs * random();
    if (monitor.backOff < config.maxEjectionTimeMs / config.baseEjectionTimeMs) monitor.backOff++;
    onChange();
  };

  const countError = (monitor: Monitor, counter: Counter): void => {
    const check = config[counter];
    monitor[counter]++;
    if (monitor[counter] !== check.threshold) return;
    if (monitor.ejectedAt !== undefined) return;
    // Counted anew, whether it is ejected or not: another row of errors is another reason.
    monitor[counter] = 0;
    eject(monitor, counter);
  };

  const countStatus = (monitor: Monitor, status: number): void => {
    if (status < 500 || status > 599) {
      monitor.consecutive5xx = 0;
      monitor.consecutiveGatewayFailure = 0;
      return;
    }
    if (status >= 502 && status <= 504) countError(monitor, 'consecutiveGatewayFailure');
    else monitor.consecutiveGatewayFailure = 0;
    countError(monitor, 'consecutive5xx');
  };

  const report = (monitor: Monitor, result: HostResult): void => {
    const isLocal = result.kind !== 'response';
    if (config.splitsLocalOrigin && isLocal) {
      if (result.kind === 'connected' || result.kind === 'served') monitor.consecutiveLocalOriginFailure = 0;
      else countError(monitor, 'consecutiveLocalOriginFailure');
      return;
    }
    const status = statusOf(result);
    if (status === undefined) return;
    const isJudged = !isLocal && config.isError !== undefined;
    countStatus(monitor, isJudged ? (config.isError?.(status) ? 500 : 200) : status);
  };

  const letIn = (monitor: Monitor): void => {
    monitor.ejectedAt = undefined;
    monitor.consecutive5xx = 0;
    monitor.consecutiveGatewayFailure = 0;
    monitor.consecutiveLocalOriginFailure = 0;
  };

  const checkEjected = (): void => {
    let changed = false;
    for (const monitor of monitors.values()) {
      if (monitor.ejectedAt === undefined) {
        monitor.backOff = Math.max(0, monitor.backOff - 1);
        continue;
      }
      const ms = Math.min(config.baseEjectionTimeMs * monitor.backOff, config.maxEjectionTimeMs) + monitor.jitterMs;
      if (now() - monitor.ejectedAt < ms) continue;
      letIn(monitor);
      changed = true;
    }
    if (changed) onChange();
  };
  const timer = setInterval(checkEjected, config.intervalMs);
  timer.unref();

  return {
    report: (hostKey, result) => {
      const monitor = monitors.get(hostKey);
      if (monitor) report(monitor, result);
    },
    setHosts: (hostKeys) => {
      const present = new Set(hostKeys);
      for (const key of monitors.keys()) if (!present.has(key)) monitors.delete(key);
      for (const key of present) if (!monitors.has(key)) monitors.set(key, newMonitor());
    },
    ejected,
    close: () => clearInterval(timer),
  };
}
