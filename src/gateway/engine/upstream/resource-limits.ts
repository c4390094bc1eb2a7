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

/** `limits` is read each time: they may change while requests are under way. `now` gives milliseconds. */
export function createResourceLimits(
  limits: () => CircuitBreakers,
  now: () => number = () => performance.now(),
): ResourceLimits {
  const connections = createResource(() => limits().maxConnections);
  const pendingRequests = createResource(() => limits().maxPendingRequests);
  const recent = createRecentCounter(now);
  const requests = createResource(
    () => limits().maxRequests,
    () => recent.count(limits().retryBudget?.intervalMs ?? 0),
  );
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

function createResource(limit: () => number, onTake: () => void = () => {}): LimitedResource {
  let used = 0;
  return {
    mayTake: () => used < limit(),
    take: () => {
      used++;
      onTake();
      let held = true;
      return () => {
        if (held) used--;
        held = false;
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
