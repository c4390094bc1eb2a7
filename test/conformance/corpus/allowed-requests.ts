// Requests that may differ from Istio: those that wait for a feature (corpus-pending.yaml), and those that we answer
// otherwise on purpose (docs/differences.md).
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type DataPlaneName, dataPlaneNames } from '../../e2e/harness/data-planes.ts';

export interface AllowedRequest {
  readonly kind: 'pending' | 'deliberate';
  readonly case: string;
  readonly request: string;
  readonly dataPlanes: readonly DataPlaneName[];
  /** The feature it waits for, or why we differ. */
  readonly reason: string;
  /** Its outcome is drawn by chance (load balancing, the moment a log line appears): it may pass without the feature. */
  readonly byChance: boolean;
}

export const pendingFile = new URL('../corpus-pending.yaml', import.meta.url).pathname;
export const differencesFile = new URL('../../../docs/differences.md', import.meta.url).pathname;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseDataPlanes(value: unknown, where: string): readonly DataPlaneName[] {
  if (value === undefined) return dataPlaneNames;
  const found = dataPlaneNames.filter((name) => name === value);
  if (found.length === 0) throw new Error(`${where}: no data plane is called ${JSON.stringify(value)}`);
  return found;
}

/** Throws on an entry that is not `{ waitsFor, case, requests, dataPlane? }`: a typo here would hide a failure. */
export function parsePending(text: string): AllowedRequest[] {
  const entries: unknown = parse(text) ?? [];
  if (!Array.isArray(entries)) throw new Error('corpus-pending.yaml: want a list');
  return entries.flatMap((entry: unknown, index) => {
    const where = `corpus-pending.yaml entry ${index + 1}`;
    if (!isRecord(entry)) throw new Error(`${where}: want a mapping`);
    const { waitsFor, case: caseName, requests, dataPlane, byChance, ...rest } = entry;
    if (byChance !== undefined && byChance !== true) throw new Error(`${where}: byChance is true or absent`);
    if (typeof waitsFor !== 'string' || typeof caseName !== 'string' || !Array.isArray(requests))
      throw new Error(`${where}: want waitsFor, case and requests`);
    if (waitsFor === '' || waitsFor === unclassified) throw new Error(`${where}: say which feature it waits for`);
    if (Object.keys(rest).length > 0) throw new Error(`${where}: unknown field ${Object.keys(rest)[0]}`);
    const dataPlanes = parseDataPlanes(dataPlane, where);
    return requests.map((request: unknown): AllowedRequest => {
      if (typeof request !== 'string') throw new Error(`${where}: a request is named by a string`);
      return { kind: 'pending', case: caseName, request, dataPlanes, reason: waitsFor, byChance: byChance === true };
    });
  });
}

/** What the generator of the list writes where a developer has to decide. */
export const unclassified = 'unclassified';

/**
 * Entries of docs/differences.md: a heading, a line `Requests: …` naming them as `` `case / request` `` (optionally
 * `Data plane: embedded`), and a paragraph with the reason. Headings without such a line are prose.
 */
export function parseDifferences(text: string): AllowedRequest[] {
  const sections = text.split(/^#{2,} /m).slice(1);
  return sections.flatMap((section) => {
    const lines = section.split('\n');
    const title = lines[0] ?? '';
    const where = `docs/differences.md "${title}"`;
    const requestLines = lines.filter((line) => line.startsWith('Requests: '));
    if (requestLines.length === 0) return [];
    const planeLine = lines.find((line) => line.startsWith('Data plane: '));
    const prose = lines.slice(1).filter((line) => !/^(Requests|Data plane): /.test(line) && line.trim() !== '');
    if (prose.length === 0) throw new Error(`${where}: the reason is missing`);
    const dataPlanes = parseDataPlanes(planeLine?.slice('Data plane: '.length).trim(), where);
    const names = requestLines.flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));
    return names.map((name): AllowedRequest => {
      const [caseName, ...rest] = name.split(' / ');
      if (caseName === undefined || rest.length === 0)
        throw new Error(`${where}: want \`case / request\`, not ${name}`);
      return {
        kind: 'deliberate',
        case: caseName,
        request: rest.join(' / '),
        dataPlanes,
        reason: title,
        byChance: false,
      };
    });
  });
}

export function readAllowedRequests(): AllowedRequest[] {
  return [
    ...parsePending(readFileSync(pendingFile, 'utf8')),
    ...parseDifferences(readFileSync(differencesFile, 'utf8')),
  ];
}
