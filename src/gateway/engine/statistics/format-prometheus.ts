// Statistics as Prometheus scrapes them, under the names and tags that Envoy gives them.
import { countOf, countUpTo, type HistogramSnapshot } from './create-histogram.ts';
import { createPacer } from './create-pacer.ts';
import { extractTags, type TaggedName } from './extract-tags.ts';
import type { StatisticsSnapshot } from './snapshot.ts';

/** Milliseconds: Envoy's default buckets. */
const limits = [
  ...[0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000],
  ...[30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000],
];

export async function formatPrometheus({ counters, gauges, histograms }: StatisticsSnapshot): Promise<string> {
  return [
    ...(await families('counter', counters, (name, tags, value) => [`${name}${braced(tags)} ${value}`])),
    ...(await families('gauge', gauges, (name, tags, value) => [`${name}${braced(tags)} ${value}`])),
    ...(await families('histogram', histograms, histogramLines)),
  ].join('');
}

/** All samples of a name stand together, behind one line that says what they are. */
async function families<T>(
  type: string,
  entries: readonly (readonly [string, T])[],
  linesOf: (name: string, tags: readonly string[], value: T) => readonly string[],
): Promise<readonly string[]> {
  const pacer = createPacer();
  const byName = new Map<string, string[]>();
  for (const [full, value] of entries) {
    if (pacer.isDue()) await pacer.pause();
    const { name, tags } = extractTags(full);
    const metric = metricName(name);
    const lines = byName.get(metric) ?? [];
    lines.push(...linesOf(metric, tags.map(formatTag), value));
    byName.set(metric, lines);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, lines]) => `# TYPE ${name} ${type}\n${lines.join('\n')}\n`);
}

function histogramLines(name: string, tags: readonly string[], histogram: HistogramSnapshot): readonly string[] {
  const count = countOf(histogram);
  return [
    ...limits.map((limit) => `${name}_bucket${braced([...tags, `le="${limit}"`])} ${countUpTo(histogram, limit)}`),
    `${name}_bucket${braced([...tags, 'le="+Inf"'])} ${count}`,
    `${name}_sum${braced(tags)} ${histogram.sum}`,
    `${name}_count${braced(tags)} ${count}`,
  ];
}

/** As Envoy: whatever Prometheus does not take in a name is an underscore. */
const metricName = (name: string): string => `envoy_${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`;

const formatTag = ([name, value]: TaggedName['tags'][number]): string =>
  `${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}="${escaped(value)}"`;

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

/** Envoy writes the braces where there is nothing between them too. */
const braced = (tags: readonly string[]): string => `{${tags.join(',')}}`;
