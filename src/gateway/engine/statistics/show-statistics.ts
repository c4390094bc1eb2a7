// An answer to somebody who asks for the statistics of the engine: selected as asked, in the format that was asked for.
import { RE2JS } from 're2js';
import type { StatisticsAnswer } from '../../data-plane.ts';
import type { StatisticsQuery } from '../../statistics/parse-statistics-query.ts';
import { createPacer } from './create-pacer.ts';
import { formatPrometheus } from './format-prometheus.ts';
import { formatStatisticsJson, formatStatisticsText } from './format-text.ts';
import type { StatisticsSnapshot } from './snapshot.ts';

export async function showStatistics(snapshot: StatisticsSnapshot, query: StatisticsQuery): Promise<StatisticsAnswer> {
  const selected = await select(snapshot, query);
  switch (query.format) {
    case 'text':
      return { contentType: 'text/plain; charset=UTF-8', body: formatStatisticsText(selected) };
    case 'json':
      return { contentType: 'application/json', body: formatStatisticsJson(selected) };
    case 'prometheus':
      return { contentType: 'text/plain; version=0.0.4; charset=UTF-8', body: await formatPrometheus(selected) };
  }
}

async function select(
  { counters, gauges, histograms }: StatisticsSnapshot,
  query: StatisticsQuery,
): Promise<StatisticsSnapshot> {
  const filter = query.filter === undefined ? undefined : RE2JS.compile(query.filter);
  const pacer = createPacer();
  const of = async <T>(
    type: StatisticsQuery['type'],
    entries: readonly (readonly [string, T])[],
    isUsed: (value: T) => boolean,
  ): Promise<readonly (readonly [string, T])[]> => {
    if (query.type !== 'All' && query.type !== type) return [];
    const used = query.usedOnly ? entries.filter(([, value]) => isUsed(value)) : entries;
    if (filter === undefined) return used;
    const found: (readonly [string, T])[] = [];
    for (const entry of used) {
      if (pacer.isDue()) await pacer.pause();
      if (filter.test(entry[0])) found.push(entry);
    }
    return found;
  };
  return {
    counters: await of('Counters', counters, (value) => value !== 0),
    gauges: await of('Gauges', gauges, (value) => value !== 0),
    histograms: await of('Histograms', histograms, ({ buckets }) => buckets.length > 0),
  };
}
