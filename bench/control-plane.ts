// From a file's rename to the first right answer, among thousands of hosts: edits, hosts that come and go, endpoints, the start.
// `node bench/control-plane.ts [--hosts 100,1000,10000] [--data-planes envoy,embedded] [--route-modes auto] [--changes 40] [--per-file 100]`
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Backend, startHttpBackend } from '../test/e2e/harness/backend.ts';
import { dataPlaneNames, skipDataPlane } from '../test/e2e/harness/data-planes.ts';
import { freePort } from '../test/e2e/harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type Manifest,
  service,
  toYaml,
  virtualService,
} from '../test/e2e/harness/manifests.ts';
import { sendRequest } from '../test/e2e/harness/send-request.ts';
import { spawnTidegate } from '../test/e2e/harness/tidegate-process.ts';
import { formatTable, quantile } from './measure.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '100,1000,10000' },
    'data-planes': { type: 'string', default: dataPlaneNames.join() },
    'route-modes': { type: 'string', default: 'auto' },
    changes: { type: 'string', default: '40' },
    'per-file': { type: 'string', default: '100' },
  },
});
const changes = Number(values.changes);
const perFile = Number(values['per-file']);
const services = 100;
const giveUpMs = 10_000;
/** Between two changes, so that each is the first after a pause. */
const pauseMs = 60;
/** Changes that warm up the code and are not counted. */
const unmeasured = 4;

const hostOf = (i: number): string => `host-${i}.example.com`;

/** Three rules each, as in the measurements of istiod (shared/reference/baselines.md). */
const virtualServiceOf = (i: number, status: number): Manifest =>
  virtualService(`v${i}`, [hostOf(i)], {
    http: [
      { match: [{ uri: { prefix: '/probe' } }], directResponse: { status } },
      { match: [{ uri: { prefix: '/api' } }], route: [{ destination: { host: `s${i % services}` } }] },
      { route: [{ destination: { host: `s${(i + 1) % services}` } }] },
    ],
  });

interface Samples {
  readonly edit: number[];
  readonly add: number[];
  readonly remove: number[];
  readonly endpoint: number[];
}

interface Measured extends Samples {
  readonly startMs: number;
  /** Milliseconds of the process with pilot in it, for each edit. */
  readonly cpuMs: number;
  readonly pilotMiB: number;
}

/** User and system time of a process in milliseconds, and its memory in MiB. */
function usageOf(pid: number): { readonly cpuMs: number; readonly mebibytes: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const [, kibibytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return { cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / ticks, mebibytes: Number(kibibytes) / 1024 };
}

async function measure(
  dataPlane: 'envoy' | 'embedded',
  routeMode: string,
  hosts: number,
  backends: readonly Backend[],
) {
  const [first, second] = backends as [Backend, Backend];
  const statuses = Array.from({ length: hosts }, () => 200);
  const fileOf = (i: number): string => `v${Math.floor(i / perFile)}.yaml`;
  const contentOf = (i: number): string => {
    const from = Math.floor(i / perFile) * perFile;
    const all = statuses.slice(from, from + perFile);
    return toYaml(all.flatMap((status, k) => (status === 0 ? [] : [virtualServiceOf(from + k, status)])));
  };
  const endpoints = (backend: Backend): string => toYaml(service('s0', [backend]));
  const folder = createManifestFolder({
    'gateway.yaml': [gateway([httpServer()])],
    'services.yaml': Array.from({ length: services - 1 }, (_, i) => service(`s${i + 1}`, [first])).flat(),
    's0.yaml': endpoints(first),
    ...Object.fromEntries(
      Array.from({ length: Math.ceil(hosts / perFile) }, (_, f) => [fileOf(f * perFile), contentOf(f * perFile)]),
    ),
  });
  const port = await freePort();
  const started = performance.now();
  const tidegate = await spawnTidegate({
    manifests: [folder.path],
    dataPlane,
    portMap: { 80: port },
    args: ['--workers', '1', '--route-mode', routeMode],
    readyTimeoutMs: 180_000,
  });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (i: number, path: string) => sendRequest({ port, host: hostOf(i), path, agent });
  /** Prepares the file, waits, renames it into place, and asks until the answer is right. */
  const change = async (file: string, text: string, isRight: () => Promise<boolean>): Promise<number> => {
    const draft = join(folder.path, '.draft');
    writeFileSync(draft, text);
    await delay(pauseMs);
    const start = performance.now();
    renameSync(draft, join(folder.path, file));
    while (!(await isRight()))
      if (performance.now() - start > giveUpMs) throw new Error(`no right answer in ${giveUpMs} ms`);
    return performance.now() - start;
  };
  const samples: Samples = { edit: [], add: [], remove: [], endpoint: [] };
  let cpuMs = 0;
  try {
    await tidegate.ready();
    while ((await ask(hosts - 1, '/probe').catch(() => undefined))?.status !== 200) await delay(20);
    const startMs = performance.now() - started;
    await delay(2000);
    const setStatus = (i: number, status: number): Promise<number> => {
      statuses[i] = status;
      return change(fileOf(i), contentOf(i), async () => (await ask(i, '/probe')).status === (status || 404));
    };
    for (let n = -unmeasured; n < changes; n += 1) {
      const i = ((n + unmeasured) * 7919) % hosts;
      const before = usageOf(tidegate.pid).cpuMs;
      const ms = await setStatus(i, 201 + ((n + unmeasured) % 90));
      if (n < 0) continue;
      samples.edit.push(ms);
      cpuMs += usageOf(tidegate.pid).cpuMs - before;
    }
    for (let n = -unmeasured; n < changes; n += 1) {
      const i = ((n + unmeasured) * 7907 + 1) % hosts;
      const [removed, added] = [await setStatus(i, 0), await setStatus(i, 200)];
      if (n < 0) continue;
      samples.remove.push(removed);
      samples.add.push(added);
    }
    for (let n = -unmeasured; n < changes; n += 1) {
      const backend = n % 2 === 0 ? second : first;
      const name = backend === second ? 'b' : 'a';
      const ms = await change('s0.yaml', endpoints(backend), async () =>
        (await ask(0, '/api')).body.startsWith(`${name} `),
      );
      if (n >= 0) samples.endpoint.push(ms);
    }
    const { mebibytes } = usageOf(tidegate.pid);
    return { ...samples, startMs, cpuMs: cpuMs / changes, pilotMiB: mebibytes } satisfies Measured;
  } finally {
    agent.destroy();
    await tidegate.stop();
    folder.dispose();
  }
}

const times = (list: readonly number[]): string =>
  [0.5, 0.95, 1].map((fraction) => quantile(list, fraction).toFixed(1)).join(' / ');

/** Of `ms = a * hosts ^ e`, by least squares over the logarithms. */
function exponent(points: readonly (readonly [hosts: number, ms: number])[]): string {
  if (points.length < 2) return '-';
  const logs = points.map(([hosts, ms]) => [Math.log(hosts), Math.log(ms)] as const);
  const mean = (at: 0 | 1): number => logs.reduce((sum, one) => sum + one[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const above = logs.reduce((sum, one) => sum + (one[0] - x) * (one[1] - y), 0);
  return (above / logs.reduce((sum, one) => sum + (one[0] - x) ** 2, 0)).toFixed(2);
}

const backends = [await startHttpBackend('a'), await startHttpBackend('b')];
try {
  const rows: (readonly string[])[] = [];
  const curves: string[] = [];
  for (const dataPlane of dataPlaneNames.filter((name) => values['data-planes'].split(',').includes(name)))
    for (const routeMode of values['route-modes'].split(',')) {
      const skip = skipDataPlane(dataPlane);
      if (skip !== false) {
        console.log(`${dataPlane} is left out: ${skip}`);
        continue;
      }
      const points: (readonly [number, number])[] = [];
      for (const hosts of values.hosts.split(',').map(Number)) {
        const { edit, add, remove, endpoint, startMs, cpuMs, pilotMiB } = await measure(
          dataPlane,
          routeMode,
          hosts,
          backends,
        );
        points.push([hosts, quantile(edit, 0.5)]);
        const latencies = [edit, add, remove, endpoint].map(times);
        const others = [(startMs / 1000).toFixed(1), cpuMs.toFixed(1), pilotMiB.toFixed(0)];
        rows.push([dataPlane, routeMode, String(hosts), ...latencies, ...others]);
      }
      curves.push(`${dataPlane} ${routeMode}: an edit takes hosts^${exponent(points)}`);
    }
  console.log(`${changes} changes each, milliseconds from the rename to the first right answer: p50 / p95 / max.`);
  console.log(
    'CPU is of the process with pilot in it (on the embedded engine the gateway too, and the probes it answers).\n',
  );
  const headings = ['data plane', 'routes', 'hosts', 'edit', 'add', 'remove', 'endpoint', 'start s', 'CPU ms', 'MiB'];
  console.log(formatTable(headings, rows));
  console.log(`\n${curves.join('\n')}`);
} finally {
  await Promise.all(backends.map((backend) => backend.stop()));
}
