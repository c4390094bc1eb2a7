// All statistics of one engine. Whoever counts holds a plain object of numbers; names are put together only when somebody reads.
import type { Histogram } from './create-histogram.ts';
import { createPacer } from './create-pacer.ts';
import type { NamedNumber, StatisticsSnapshot } from './snapshot.ts';

/** Numbers by the last part of their name: `counters.upstream_rq_total++` is all that counting costs. */
export interface Group {
  readonly counters?: Readonly<Record<string, number>>;
  readonly gauges?: Readonly<Record<string, number>>;
  readonly histograms?: Readonly<Record<string, Histogram>>;
  /** Counters that exist once there is something to count: one for each status, say. */
  readonly more?: () => Iterable<NamedNumber>;
  /** Called before it is read, for numbers that follow from something else. */
  readonly refresh?: () => void;
  /** Not told before anything of it is counted: thousands of clusters never see a request. */
  readonly deferred?: boolean;
}

export interface Registry {
  /** `prefix` ends with a dot. What is returned takes the group out again. */
  add(prefix: string, group: Group): () => void;
  /** Not all of one moment. */
  snapshot(): Promise<StatisticsSnapshot>;
}

export function createRegistry(): Registry {
  const groups = new Set<readonly [prefix: string, group: Group]>();
  return {
    add: (prefix, group) => {
      const entry = [prefix, group] as const;
      groups.add(entry);
      return () => void groups.delete(entry);
    },
    snapshot: async () => {
      const pacer = createPacer();
      const counters: NamedNumber[] = [];
      const gauges: NamedNumber[] = [];
      const histograms: StatisticsSnapshot['histograms'][number][] = [];
      for (const [prefix, group] of groups) {
        if (pacer.isDue()) await pacer.pause();
        group.refresh?.();
        const more = [...(group.more?.() ?? [])];
        if (group.deferred && !isUsed(group, more)) continue;
        addNamed(counters, prefix, group.counters);
        for (const [name, value] of more) counters.push([prefix + name, value]);
        addNamed(gauges, prefix, group.gauges);
        for (const name in group.histograms) {
          const histogram = group.histograms[name];
          if (histogram) histograms.push([prefix + name, histogram.snapshot()]);
        }
      }
      return { counters, gauges, histograms };
    },
  };
}

function addNamed(list: NamedNumber[], prefix: string, numbers: Readonly<Record<string, number>> = {}): void {
  for (const name in numbers) list.push([prefix + name, numbers[name] ?? 0]);
}

function isUsed({ counters = {}, gauges = {} }: Group, more: readonly NamedNumber[]): boolean {
  for (const name in counters) if (counters[name] !== 0) return true;
  for (const name in gauges) if (gauges[name] !== 0) return true;
  return more.some(([, value]) => value !== 0);
}

/** Colons separate in other systems of statistics: Envoy writes none. */
export const statName = (name: string): string => name.replaceAll('://', '_').replaceAll(/:\/|:/g, '_');

/** Adds several groups; what is returned takes all of them out. */
export function addGroups(
  registry: Registry,
  groups: readonly (readonly [prefix: string, group: Group])[],
): () => void {
  const removers = groups.map(([prefix, group]) => registry.add(prefix, group));
  return () => {
    for (const remove of removers) remove();
  };
}

/** `http`, `outbound_0.0.0.0_80;` → `http.outbound_0.0.0.0_80;.` */
export const statPrefix = (...parts: readonly string[]): string => `${statName(parts.join('.'))}.`;
