// How requests are shared among priorities: the first one gets all of them as long as enough of its hosts are healthy.

export interface PriorityHealth {
  readonly hosts: number;
  readonly healthy: number;
}

export interface PriorityLoads {
  /** Per cent of requests for each priority; together 100. */
  readonly loads: readonly number[];
  /** Priorities in which all hosts get requests, healthy or not. */
  readonly panic: readonly boolean[];
}

export interface PriorityOptions {
  readonly overprovisioningFactorPercent: number;
  readonly healthyPanicThresholdPercent: number;
}

export function computePriorityLoads(priorities: readonly PriorityHealth[], options: PriorityOptions): PriorityLoads {
  const health = priorities.map(({ hosts, healthy }) =>
    hosts === 0 ? 0 : Math.min(100, Math.floor((options.overprovisioningFactorPercent * healthy) / hosts)),
  );
  const total = Math.min(
    100,
    health.reduce((sum, value) => sum + value, 0),
  );
  const threshold = options.healthyPanicThresholdPercent;
  const panic = priorities.map(
    ({ hosts, healthy }) => total < 100 && (hosts === 0 ? threshold > 0 : (100 * healthy) / hosts < threshold),
  );
  // Without panic and without healthy hosts nothing can be picked anyway; the loads add up all the same.
  if (threshold === 0 && total === 0) return { loads: priorities.map((_, index) => (index === 0 ? 100 : 0)), panic };
  if (panic.every(Boolean)) return { loads: loadsByHosts(priorities), panic };
  return { loads: loadsByHealth(health, total), panic };
}

function loadsByHealth(health: readonly number[], total: number): readonly number[] {
  let left = 100;
  const loads = health.map((value) => {
    const load = Math.min(left, total === 0 ? 0 : Math.floor((value * 100) / total));
    left -= load;
    return load;
  });
  return withRest(loads, left, (index) => (health[index] ?? 0) > 0);
}

/** All priorities are in panic: every host counts the same. */
function loadsByHosts(priorities: readonly PriorityHealth[]): readonly number[] {
  const total = priorities.reduce((sum, { hosts }) => sum + hosts, 0);
  const loads = priorities.map(({ hosts }) => (total === 0 ? 0 : Math.floor((100 * hosts) / total)));
  const left = 100 - loads.reduce((sum, load) => sum + load, 0);
  return withRest(loads, left, (index) => (priorities[index]?.hosts ?? 0) > 0);
}

/** What rounding left over goes to the first priority that can take it. */
function withRest(loads: readonly number[], rest: number, canTake: (index: number) => boolean): readonly number[] {
  const first = loads.findIndex((_, index) => canTake(index));
  return loads.map((load, index) => (index === Math.max(first, 0) ? load + rest : load));
}

/** `draw`: a whole number from 0 to 99. */
export function pickPriority({ loads }: PriorityLoads, draw: number): number {
  let point = draw;
  for (const [priority, load] of loads.entries()) {
    if (point < load) return priority;
    point -= load;
  }
  return 0;
}
