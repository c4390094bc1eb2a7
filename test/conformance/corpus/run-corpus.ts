// Runs corpus cases and prints each one's outcome as a line of JSON: `node run-corpus.ts [--data-plane envoy] [--route-mode scoped] [CASE...]`.
// A process of its own, because the corpus' backends let errors of torn connections reach `uncaughtException`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RouteModeKind, routeModeKinds } from '../../../src/lib/route-mode.ts';
import { type DataPlaneName, dataPlaneNames } from '../../e2e/harness/data-planes.ts';
import { type CaseOutcome, corpusFolder, runCorpusCase } from './run-corpus-case.ts';

export function corpusCaseNames(): string[] {
  return readdirSync(join(corpusFolder, 'cases')).sort();
}

interface Job {
  readonly name: string;
  readonly dataPlane: DataPlaneName;
}

// Two at a time: a gateway starts, which is work, while another answers, which is mostly waiting.
const lanes = 2;

/** Runs all jobs; two of one case never at the same time, since its backends have fixed addresses. */
export async function runCorpus(
  names: readonly string[],
  dataPlanes: readonly DataPlaneName[],
  routeMode: RouteModeKind,
  onOutcome: (outcome: CaseOutcome) => void,
): Promise<void> {
  const jobs: Job[] = dataPlanes.flatMap((dataPlane, index) => {
    // Each data plane starts elsewhere in the list, so that they rarely want the same case.
    const offset = Math.floor((index * names.length) / dataPlanes.length);
    return [...names.slice(offset), ...names.slice(0, offset)].map((name) => ({ name, dataPlane }));
  });
  const queues = dataPlanes.map((dataPlane) => jobs.filter((job) => job.dataPlane === dataPlane));
  const inUse = new Set<string>();
  const takeJob = (lane: number): Job | undefined => {
    const ordered = [...queues.slice(lane % queues.length), ...queues.slice(0, lane % queues.length)];
    for (const queue of ordered) {
      const index = queue.findIndex((job) => !inUse.has(job.name));
      if (index >= 0) return queue.splice(index, 1)[0];
    }
    return undefined;
  };
  const runLane = async (lane: number): Promise<void> => {
    for (let job = takeJob(lane); job !== undefined; job = takeJob(lane)) {
      inUse.add(job.name);
      onOutcome(await runCorpusCase(job.name, job.dataPlane, routeMode));
      inUse.delete(job.name);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
}

if (import.meta.main) {
  process.on('uncaughtException', (error) => process.stderr.write(`corpus backend: ${error}\n`));
  // The reader has gone: end, and with this process all gateways that it started.
  process.stdout.on('error', () => process.exit(1));
  const { values, positionals } = parseArgs({
    options: {
      'data-plane': { type: 'string', multiple: true, default: [...dataPlaneNames] },
      'route-mode': { type: 'string', default: 'shared' },
    },
    allowPositionals: true,
  });
  const dataPlanes = dataPlaneNames.filter((name) => values['data-plane'].includes(name));
  const names = positionals.length > 0 ? positionals : corpusCaseNames();
  const routeMode = routeModeKinds.find((kind) => kind === values['route-mode']) ?? 'shared';
  await runCorpus(names, dataPlanes, routeMode, (outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`));
}
