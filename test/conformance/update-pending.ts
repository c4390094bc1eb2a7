// Writes corpus-pending.yaml anew from a run: `node test/conformance/update-pending.ts [outcomes.jsonl]`, the file being
// what run-corpus.ts printed (without it, the corpus runs). Entries keep the feature they wait for; a request that newly
// differs gets `waitsFor: unclassified`, which the runner refuses until somebody decides.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { type DataPlaneName, dataPlaneNames } from '../e2e/harness/data-planes.ts';
import {
  type AllowedRequest,
  differencesFile,
  parseDifferences,
  parsePending,
  pendingFile,
  unclassified,
} from './corpus/allowed-requests.ts';
import { findAllowed } from './corpus/judge-case.ts';
import { mayBePending } from './corpus/required-requests.ts';
import { corpusCaseNames, runCorpus } from './corpus/run-corpus.ts';
import type { CaseOutcome } from './corpus/run-corpus-case.ts';

interface PendingEntry {
  readonly waitsFor: string;
  readonly case: string;
  readonly dataPlane?: DataPlaneName;
  readonly byChance?: true;
  readonly requests: string[];
}

const heading = `# Requests of the corpus (test/corpus) that still differ from Istio, with the feature that each waits for.
# The runner fails when one of them starts to pass. New list: node test/conformance/update-pending.ts
`;

/** One entry per case, feature and data plane (none where both differ), in the order of the corpus. */
function buildPending(outcomes: readonly CaseOutcome[], previous: readonly AllowedRequest[]): PendingEntry[] {
  const entries = new Map<string, PendingEntry>();
  const sorted = outcomes.toSorted((a, b) => a.case.localeCompare(b.case));
  const differs = (name: string, request: string): DataPlaneName[] =>
    dataPlaneNames.filter((dataPlane) =>
      outcomes
        .find((outcome) => outcome.case === name && outcome.dataPlane === dataPlane)
        ?.requests.some((entry) => entry.request === request && entry.differences.length > 0),
    );
  for (const outcome of sorted)
    for (const { request, differences } of outcome.requests) {
      const known = findAllowed(previous, outcome.case, request, outcome.dataPlane);
      const byChance = known?.byChance === true;
      const passes = differences.length === 0 && !byChance;
      if (passes || known?.kind === 'deliberate' || !mayBePending(outcome.case, request)) continue;
      const planes = byChance ? (known?.dataPlanes ?? []) : differs(outcome.case, request);
      const waitsFor = known?.reason ?? unclassified;
      const dataPlane = planes.length === 1 ? planes[0] : undefined;
      const key = [outcome.case, waitsFor, dataPlane, byChance].join('\n');
      const entry = entries.get(key) ?? {
        waitsFor,
        case: outcome.case,
        ...(dataPlane === undefined ? {} : { dataPlane }),
        ...(byChance ? { byChance } : {}),
        requests: [],
      };
      if (!entry.requests.includes(request)) entry.requests.push(request);
      entries.set(key, entry);
    }
  return [...entries.values()];
}

async function runAll(): Promise<CaseOutcome[]> {
  process.on('uncaughtException', (error) => process.stderr.write(`corpus backend: ${error}\n`));
  const outcomes: CaseOutcome[] = [];
  await runCorpus(corpusCaseNames(), dataPlaneNames, 'shared', (outcome) => {
    outcomes.push(outcome);
    const failed = outcome.requests.filter((request) => request.differences.length > 0).length;
    const result = outcome.error ?? `${failed} of ${outcome.requests.length} differ`;
    process.stderr.write(
      `${outcome.case} on ${outcome.dataPlane}: ${result} (${outcome.startMs} + ${outcome.runMs} ms)\n`,
    );
  });
  return outcomes;
}

function readOutcomes(file: string): CaseOutcome[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  const outcomes = file === undefined ? await runAll() : readOutcomes(file);
  const previous = [
    ...(existsSync(pendingFile) ? parsePending(readFileSync(pendingFile, 'utf8').replaceAll(unclassified, '?')) : []),
    ...parseDifferences(readFileSync(differencesFile, 'utf8')),
  ].map((entry) => (entry.reason === '?' ? { ...entry, reason: unclassified } : entry));
  const entries = buildPending(outcomes, previous);
  writeFileSync(pendingFile, heading + (entries.length > 0 ? stringify(entries, { lineWidth: 0 }) : '[]\n'));
  process.stderr.write(`${pendingFile}: ${entries.flatMap((entry) => entry.requests).length} requests\n`);
}
