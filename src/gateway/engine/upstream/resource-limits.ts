// What a cluster may have at a time (Envoy's circuit breakers): connections, requests that wait, requests, and retries.
import type { CircuitBreakers } from '../config/engine-config.ts';

export interface LimitedResource {
  /** Whether one more is allowed. */
  mayTake(): boolean;
  /** Counts one; what is returned ends it, and does nothing when called again. */
  take(): () => void;
  used(): number;
}

export interface ResourceLimits {
  readonly connections: LimitedResource;
  readonly pendingRequests: LimitedResource;
  readonly requests: LimitedResource;
  readonly retries: LimitedResource;
}

/** Told of each that is taken and of its end. */
export interface UsageCount {
  took(): void;
  ended(): void;
}

export interface LimitsOptions {
  /** Milliseconds. */
  readonly now?: () => number;
  readonly requests?: UsageCount;
  readonly pendingRequests?: UsageCount;
}

const uncounted: UsageCount = { took: () => {}, ended: () => {} };

/** `limits` is read each time: they may change while requests are under way. */
export function createResourceLimits(limits: () => CircuitBreakers, options: LimitsOptions = {}): ResourceLimits {
  const { now = () => performance.now(), requests: counted = uncounted } = options;
  const connections = createResource(() => limits().maxConnections);
  const pendingRequests = createResource(() => limits().maxPendingRequests, options.pendingRequests);
  const recent = createRecentCounter(now);
  const requests = createResource(() => limits().maxRequests, {
    took: () => {
      counted.took();
      recent.count(limits().retryBudget?.intervalMs ?? 0);
    },
    ended: counted.ended,
  });
  const maxRetries = (): number => {
    const { retryBudget, maxRetries: fixed } = limits();
    if (retryBudget === undefined) return fixed;
    const { percent, minRetryConcurrency, intervalMs } = retryBudget;
    const current = requests.used() + pendingRequests.used();
    const base = Math.max(current, recent.within(intervalMs));
    return Math.max(minRetryConcurrency, Math.floor((percent / 100) * base));
  };
  return { connections, pendingRequests, requests, retries: createResource(maxRetries) };
}

function createResource(limit: () => number, count: UsageCount = uncounted): LimitedResource {
  let used = 0;
  return {
    mayTake: () => used < limit(),
    take: () => {
      used++;
      count.took();
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        used--;
        count.ended();
      };
    },
    used: () => used,
  };
}

const slots = 10;

/** How many came in the last while, kept in a tenth of it each. */
function createRecentCounter(now: () => number): {
  count(intervalMs: number): void;
  within(intervalMs: number): number;
} {
  let counts: { readonly slot: number; count: number }[] = [];
  const slotAt = (intervalMs: number): number => Math.floor((now() * slots) / intervalMs);
  return {
    count: (intervalMs) => {
      if (intervalMs === 0) return;
      const slot = slotAt(intervalMs);
      counts = counts.filter((one) => one.slot > slot - slots && one.slot <= slot);
      const last = counts.at(-1);
      if (last?.slot === slot) last.count++;
      else counts.push({ slot, count: 1 });
    },
    within: (intervalMs) => {
      if (intervalMs === 0) return 0;
      const oldest = slotAt(intervalMs) - slots;
      return counts.reduce((sum, { slot, count }) => (slot > oldest ? sum + count : sum), 0);
    },
  };
}
