// The behaviour corpus on both data planes: every request goes as in Istio, is listed as pending, or differs on purpose.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { loadCase } from '../corpus/lib/core.mjs';
import { type DataPlaneName, dataPlaneNames, skipDataPlane } from '../e2e/harness/data-planes.ts';
import { requireLinux } from '../e2e/harness/require-tool.ts';
import { readAllowedRequests } from './corpus/allowed-requests.ts';
import { judgeCase, unusableEntries } from './corpus/judge-case.ts';
import { mayBePending } from './corpus/required-requests.ts';
import { corpusCaseNames } from './corpus/run-corpus.ts';
import { type CaseOutcome, corpusFolder } from './corpus/run-corpus-case.ts';

const names = corpusCaseNames();
const requestsOf = new Map(
  names.map((name) => [name, loadCase(join(corpusFolder, 'cases', name)).requests.map((request) => request.name)]),
);
const allowed = readAllowedRequests();

describe('the lists of requests that may differ from Istio', () => {
  it('name requests of the corpus, each once', () => {
    assert.deepEqual(unusableEntries(allowed, requestsOf), []);
  });
  it('hold nothing that has to work already', () => {
    const required = allowed.filter((entry) => entry.kind === 'pending' && !mayBePending(entry.case, entry.request));
    assert.deepEqual(
      required.map((entry) => `${entry.case} / ${entry.request}`),
      [],
    );
  });
});

/** Outcomes by `data plane case`, as the runner's process reports them. */
function collectOutcomes(child: ChildProcess): (dataPlane: DataPlaneName, name: string) => Promise<CaseOutcome> {
  const outcomes = new Map<string, PromiseWithResolvers<CaseOutcome>>();
  const entryFor = (key: string): PromiseWithResolvers<CaseOutcome> => {
    const entry = outcomes.get(key) ?? Promise.withResolvers<CaseOutcome>();
    outcomes.set(key, entry);
    return entry;
  };
  let ended = false;
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (line) => {
    const outcome = JSON.parse(line) as CaseOutcome;
    entryFor(`${outcome.dataPlane} ${outcome.case}`).resolve(outcome);
  });
  lines.on('close', () => {
    ended = true;
    for (const [key, entry] of outcomes) entry.reject(new Error(`the corpus runner ended before ${key}`));
  });
  return (dataPlane, name) => {
    const entry = entryFor(`${dataPlane} ${name}`);
    if (ended) entry.reject(new Error(`the corpus runner ended before ${name} on ${dataPlane}`));
    return entry.promise;
  };
}

const skips = Object.fromEntries(
  dataPlaneNames.map((dataPlane) => [dataPlane, requireLinux() || skipDataPlane(dataPlane)]),
) as Record<DataPlaneName, string | false>;

/** What is found by the name of the host, and what is done to a request before and behind it: the same with scoped routes. */
const scopedCases: ReadonlySet<string> = new Set([
  ...['01-seed', '02-host-matching', '03-gateway-hosts-namespace', '05-uri-match', '11-several-vs-one-host'],
  ...['12-vs-creation-order', '18-headers', '23-no-endpoints', '29-cors', '30-delegate', '32-https-redirect'],
  ...[
    '33-tls-sni-many-certs',
    '34-tls-mutual',
    '41-h2',
    '43-websocket',
    '54-ingress-paths',
    '57-path-normalization-none',
  ],
  ...['64-access-log-text', '70-several-gateways', '73-authorization-policy', '74-jwt', '79-bad-regex'],
]);

for (const routeMode of ['shared', 'scoped'] as const)
  describe(`the behaviour corpus with ${routeMode} routes`, () => {
    const cases = routeMode === 'shared' ? names : names.filter((name) => scopedCases.has(name));
    let child: ChildProcess | undefined;
    let outcomeOf: ReturnType<typeof collectOutcomes>;
    before(() => {
      const dataPlanes = dataPlaneNames.filter((dataPlane) => skips[dataPlane] === false);
      if (dataPlanes.length === 0) return;
      const script = new URL('./corpus/run-corpus.ts', import.meta.url).pathname;
      const options = [...dataPlanes.flatMap((dataPlane) => ['--data-plane', dataPlane]), '--route-mode', routeMode];
      child = spawn(process.execPath, [script, ...options, ...cases], { stdio: ['ignore', 'pipe', 'inherit'] });
      outcomeOf = collectOutcomes(child);
    });
    after(() => {
      child?.kill('SIGTERM');
    });
    for (const dataPlane of dataPlaneNames)
      describe(`on ${dataPlane}`, { skip: skips[dataPlane] }, () => {
        for (const name of cases)
          it(name, async () => {
            const problems = judgeCase(await outcomeOf(dataPlane, name), allowed);
            assert.equal(problems.join('\n'), '');
          });
      });
  });
