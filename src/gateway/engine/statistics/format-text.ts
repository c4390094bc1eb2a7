// Statistics as Envoy's /stats writes them: a line each, or JSON.
import { type HistogramSnapshot, quantileOf } from './create-histogram.ts';
import type { StatisticsSnapshot } from './snapshot.ts';

const quantiles = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1];

const byName = <T extends readonly [string, ...unknown[]]>(entries: readonly T[]): readonly T[] =>
  entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

export function formatStatisticsText({ counters, gauges, histograms }: StatisticsSnapshot): string {
  const numbers = byName([...counters, ...gauges]).map(([name, value]) => `${name}: ${value}\n`);
  const times = byName(histograms).map(([name, histogram]) => `${name}: ${describe(histogram)}\n`);
  return [...numbers, ...times].join('');
}

/** Envoy shows the last seconds in front of each comma; here there is only the whole. */
function describe(histogram: HistogramSnapshot): string {
  if (histogram.buckets.length === 0) return 'No recorded values';
  return quantiles.map((part) => `P${rounded(100 * part)}(nan,${rounded(quantileOf(histogram, part) ?? 0)})`).join(' ');
}

const rounded = (value: number): number => Number(value.toPrecision(6));

export function formatStatisticsJson({ counters, gauges, histograms }: StatisticsSnapshot): string {
  const stats: unknown[] = byName([...counters, ...gauges]).map(([name, value]) => ({ name, value }));
  if (histograms.length > 0)
    stats.push({
      histograms: {
        supported_quantiles: quantiles.map((part) => rounded(100 * part)),
        computed_quantiles: byName(histograms).map(([name, histogram]) => ({
          name,
          values: quantiles.map((part) => {
            const value = quantileOf(histogram, part);
            return { interval: null, cumulative: value === undefined ? null : rounded(value) };
          }),
        })),
      },
    });
  return JSON.stringify({ stats });
}
