// What somebody wants to see of the statistics, checked the same way whoever counts them: Envoy or the embedded engine.
import { RE2JS } from 're2js';

export const statisticsFormats = ['text', 'json', 'prometheus'] as const;
export type StatisticsFormat = (typeof statisticsFormats)[number];
export const statisticsTypes = ['All', 'Counters', 'Gauges', 'Histograms'] as const;
export type StatisticsType = (typeof statisticsTypes)[number];

export interface StatisticsQuery {
  readonly format: StatisticsFormat;
  readonly type: StatisticsType;
  /** RE2, found anywhere in a name; undefined: all names. */
  readonly filter: string | undefined;
  readonly usedOnly: boolean;
}

export type ParsedQuery =
  | { readonly kind: 'query'; readonly query: StatisticsQuery }
  | { readonly kind: 'invalid'; readonly error: string; readonly hint: string };

const maxFilterLength = 1024;
const maxProgramSize = 4096;

const invalid = (error: string, hint: string): ParsedQuery => ({ kind: 'invalid', error, hint });

/** `format` is what the path stands for; undefined: the query says. */
export function parseStatisticsQuery(parameters: URLSearchParams, format?: StatisticsFormat): ParsedQuery {
  const wanted = format ?? parameters.get('format') ?? 'text';
  const known = statisticsFormats.find((name) => name === wanted);
  if (known === undefined) return invalid('no such format', `format is one of ${statisticsFormats.join(', ')}`);
  const wantedType = parameters.get('type') ?? 'All';
  const type = statisticsTypes.find((name) => name === wantedType);
  if (type === undefined) return invalid('no such type', `type is one of ${statisticsTypes.join(', ')}`);
  const filter = parameters.get('filter') || undefined;
  const wrong = filter === undefined ? undefined : describeBadFilter(filter);
  if (wrong !== undefined) return invalid(`invalid re2 regex: ${wrong}`, 'filter is a regular expression (RE2)');
  return { kind: 'query', query: { format: known, type, filter, usedOnly: parameters.has('usedonly') } };
}

function describeBadFilter(filter: string): string | undefined {
  if (filter.length > maxFilterLength) return `it has more than ${maxFilterLength} characters`;
  try {
    return RE2JS.compile(filter).programSize() > maxProgramSize ? 'it is too large' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** As Envoy's admin server takes it. */
export function formatStatisticsQuery({ format, type, filter, usedOnly }: StatisticsQuery): string {
  const parameters = new URLSearchParams();
  if (format !== 'prometheus') parameters.set('format', format);
  if (type !== 'All') parameters.set('type', type);
  if (filter !== undefined) parameters.set('filter', filter);
  if (usedOnly) parameters.set('usedonly', '');
  return `${format === 'prometheus' ? '/stats/prometheus' : '/stats'}?${parameters}`;
}
