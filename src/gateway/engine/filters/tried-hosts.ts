// Where the tries of one request went: what the next one is to avoid.
import type { PickedHost, PickOptions } from '../cluster/load-balancer.ts';
import type { RetryPolicy } from '../config/engine-config.ts';

export interface TriedHosts {
  add(host: PickedHost): void;
  pickOptions(): PickOptions;
}

export function createTriedHosts(policy: RetryPolicy | undefined): TriedHosts {
  const hosts = new Set<string>();
  const priorities = new Set<number>();
  let tries = 0;
  let avoided: ReadonlySet<number> | undefined;
  return {
    add: ({ key, endpoint }) => {
      hosts.add(key);
      priorities.add(endpoint.locality.priority);
      tries += 1;
      const every = policy?.avoidPrioritiesEvery ?? 0;
      if (every > 0 && tries % every === 0) avoided = new Set(priorities);
    },
    pickOptions: () => ({
      ...(policy?.avoidPreviousHosts ? { avoid: hosts, attempts: policy.hostSelectionMaxAttempts } : {}),
      ...(avoided ? { avoidPriorities: avoided } : {}),
    }),
  };
}
