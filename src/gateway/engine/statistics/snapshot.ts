// The statistics of one thread at one time, as plain data that goes from worker to main thread and is added up there.
import { type HistogramSnapshot, mergeHistograms } from './create-histogram.ts';

export type NamedNumber = readonly [name: string, value: number];

export interface StatisticsSnapshot {
  readonly counters: readonly NamedNumber[];
  readonly gauges: readonly NamedNumber[];
  readonly histograms: readonly (readonly [name: string, value: HistogramSnapshot])[];
}

export const noStatistics: StatisticsSnapshot = { counters: [], gauges: [], histograms: [] };

/** What every thread has by itself from the same configuration: there adding up would count it several times. */
const sameEverywhere = /^cluster\..*\.(?:membership_\w+|update_\w+|circuit_breakers\.\w+\.\w+)$/;

/** The same name is one statistic, whichever threads count it. */
export function mergeSnapshots(snapshots: readonly StatisticsSnapshot[]): StatisticsSnapshot {
  const [only] = snapshots;
  if (only !== undefined && snapshots.length === 1) return only;
  const histograms = new Map<string, HistogramSnapshot>();
  for (const [name, value] of snapshots.flatMap((snapshot) => snapshot.histograms)) {
    const known = histograms.get(name);
    histograms.set(name, known === undefined ? value : mergeHistograms(known, value));
  }
  return {
    counters: mergeNumbers(snapshots.map(({ counters }) => counters)),
    gauges: mergeNumbers(snapshots.map(({ gauges }) => gauges)),
    histograms: [...histograms],
  };
}

function mergeNumbers(lists: readonly (readonly NamedNumber[])[]): readonly NamedNumber[] {
  const merged = new Map<string, number>();
  for (const list of lists)
    for (const [name, value] of list) {
      const known = merged.get(name) ?? 0;
      merged.set(name, sameEverywhere.test(name) ? Math.max(known, value) : known + value);
    }
  return [...merged];
}
