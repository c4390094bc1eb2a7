// What filters count that is not of one connection manager: rate limits, and RBAC in front of TCP.
import { type Registry, statPrefix } from './create-registry.ts';

const rateLimitCounters = () => ({ enabled: 0, enforced: 0, ok: 0, rate_limited: 0 });

export interface FilterStatistics {
  /** By the filter's own stat_prefix: Envoy puts nothing in front of it. */
  rateLimit(name: string): ReturnType<typeof rateLimitCounters>;
  /** All of TCP together. */
  readonly tcpRbac: RbacStatistics;
}

export interface RbacStatistics {
  readonly rbac: { allowed: number; denied: number };
  /** `istio_dry_run_allow_.shadow_denied` and its like: by the prefix that the rules have. */
  readonly shadowRbac: Record<string, number>;
}

export function createFilterStatistics(registry: Registry): FilterStatistics {
  const rateLimits = new Map<string, ReturnType<typeof rateLimitCounters>>();
  const tcpRbac: RbacStatistics = { rbac: { allowed: 0, denied: 0 }, shadowRbac: {} };
  registry.add('tcp.rbac.', { counters: tcpRbac.rbac, more: () => Object.entries(tcpRbac.shadowRbac), deferred: true });
  return {
    rateLimit: (name) => {
      const known = rateLimits.get(name);
      if (known) return known;
      const counters = rateLimitCounters();
      rateLimits.set(name, counters);
      registry.add(statPrefix(name, 'http_local_rate_limit'), { counters });
      return counters;
    },
    tcpRbac,
  };
}
