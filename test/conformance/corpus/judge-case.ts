// Compares what happened with what may happen: a difference has to be listed, and a listed one has to be there.
import type { DataPlaneName } from '../../e2e/harness/data-planes.ts';
import type { AllowedRequest } from './allowed-requests.ts';
import type { CaseOutcome } from './run-corpus-case.ts';

export function findAllowed(
  allowed: readonly AllowedRequest[],
  caseName: string,
  request: string,
  dataPlane: DataPlaneName,
): AllowedRequest | undefined {
  return allowed.find(
    (entry) => entry.case === caseName && entry.request === request && entry.dataPlanes.includes(dataPlane),
  );
}

/** One text per problem; empty when the case went as it should. */
export function judgeCase(outcome: CaseOutcome, allowed: readonly AllowedRequest[]): string[] {
  if (outcome.error !== undefined) return [outcome.error];
  return outcome.requests.flatMap(({ request, differences }) => {
    const entry = findAllowed(allowed, outcome.case, request, outcome.dataPlane);
    if (entry === undefined) return differences.length === 0 ? [] : [[`${request}:`, ...differences].join('\n    ')];
    if (differences.length > 0 || entry.byChance) return [];
    return entry.kind === 'pending'
      ? [`${request}: passes, but is listed as pending for "${entry.reason}": remove it from corpus-pending.yaml`]
      : [`${request}: goes as in Istio, but docs/differences.md "${entry.reason}" says that it differs`];
  });
}

/** Entries that name no request of the corpus, or name one twice. */
export function unusableEntries(
  allowed: readonly AllowedRequest[],
  requestsOf: ReadonlyMap<string, readonly string[]>,
): string[] {
  const seen = new Set<string>();
  return allowed.flatMap((entry) => {
    const name = `${entry.case} / ${entry.request}`;
    if (!requestsOf.get(entry.case)?.includes(entry.request)) return [`${name}: no such request (${entry.reason})`];
    return entry.dataPlanes.flatMap((dataPlane) => {
      const key = `${name} on ${dataPlane}`;
      if (seen.has(key)) return [`${key}: listed twice`];
      seen.add(key);
      return [];
    });
  });
}
