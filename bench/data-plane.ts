// Requests per second and core: the embedded engine against Envoy on the same manifests, in alternating rounds of one run.
// `node bench/data-plane.ts [--rounds 5] [--seconds 5] [--connections 32]`
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DataPlaneName, dataPlaneNames, skipDataPlane } from '../test/e2e/harness/data-planes.ts';
import { portMapFor } from '../test/e2e/harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  httpsServer,
  routeTo,
  service,
  virtualService,
} from '../test/e2e/harness/manifests.ts';
import { findTool } from '../test/e2e/harness/require-tool.ts';
import { repositoryRoot, startTidegate, type TidegateProcess } from '../test/e2e/harness/tidegate-process.ts';
import { type LoadResult, runLoad } from './load.ts';
import { formatTable, median, quantile } from './measure.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
  },
});
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number) as [
  number,
  number,
  number,
];

const host = 'a.example.com';
const wrk = findTool('wrk');
const taskset = availableParallelism() >= 2 ? findTool('taskset') : undefined;
const pin = (core: number): readonly string[] => (taskset === undefined ? [] : [taskset, '-c', String(core)]);

/** What a small site has: a few hosts, and on the measured one some rules before the one that answers. */
function manifests(upstream: Upstream): ReturnType<typeof createManifestFolder> {
  const route = [{ destination: { host: 'web' } }];
  const rules = [{ exact: '/login' }, { prefix: '/api/' }, { regex: '/item/[0-9]+' }].map((uri) => ({
    match: [{ uri }],
    route,
  }));
  const files = { serverCertificate: '/etc/certs/a.crt', privateKey: '/etc/certs/a.key' };
  return createManifestFolder({
    'all.yaml': [
      // Any name: wrk sends none in TLS to an address.
      gateway([httpServer(), httpsServer(['*'], files)]),
      ...service('web', [{ address: '127.0.0.1', port: upstream.port }]),
      virtualService('measured', [host], { http: [...rules, { route }] }),
      ...Array.from({ length: 10 }, (_, index) => routeTo(`other-${index}.example.com`, 'web')),
    ],
  });
}

interface Contestant {
  readonly dataPlane: DataPlaneName;
  readonly process: TidegateProcess;
  readonly ports: Readonly<Record<number, number>>;
}

const scenarios = [
  { name: 'HTTP/1.1, keep-alive', scheme: 'http', port: 80 },
  { name: 'HTTPS, HTTP/1.1, keep-alive', scheme: 'https', port: 443 },
] as const;

async function measure(
  contestant: Contestant,
  scenario: (typeof scenarios)[number],
  time: number,
): Promise<LoadResult> {
  const url = `${scenario.scheme}://127.0.0.1:${contestant.ports[scenario.port]}/some/path`;
  const result = await runLoad(wrk, { url, host, connections, seconds: time, prefix: pin(0) });
  if (result.requestsPerSecond === 0) throw new Error(`${contestant.dataPlane} answers nothing at ${url}`);
  return result;
}

function row(
  scenario: string,
  dataPlane: string,
  results: readonly LoadResult[],
  reference: number,
): readonly string[] {
  const rates = results.map((result) => result.requestsPerSecond);
  return [
    scenario,
    dataPlane,
    Math.round(median(rates)).toLocaleString('en'),
    `${Math.round(quantile(rates, 0)).toLocaleString('en')}–${Math.round(quantile(rates, 1)).toLocaleString('en')}`,
    (median(rates) / reference).toFixed(2),
    median(results.map((result) => result.p99Ms)).toFixed(2),
    String(results.reduce((sum, result) => sum + result.errors, 0)),
  ];
}

const contestants: Contestant[] = [];
const upstream = await startUpstream(findTool('nginx'), pin(0));
const folder = manifests(upstream);
try {
  for (const dataPlane of dataPlaneNames) {
    const skip = skipDataPlane(dataPlane);
    if (skip !== false) {
      console.log(`${dataPlane} is left out: ${skip}`);
      continue;
    }
    const ports = await portMapFor([80, 443]);
    contestants.push({
      dataPlane,
      ports,
      process: await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap: ports,
        mounts: { '/etc/certs': join(repositoryRoot, 'test/corpus/certs') },
        args: ['--workers', '1'],
        prefix: pin(1),
      }),
    });
  }
  console.log(
    `${rounds} rounds of ${seconds} s each, ${connections} connections; load from ${wrk === undefined ? 'a Node client (wrk is missing: the client limits the result)' : 'wrk'}, upstream ${upstream.name}${taskset === undefined ? '; nothing is pinned (taskset or a second core is missing)' : '; gateway on core 1, the rest on core 0'}.\n`,
  );
  const rows: (readonly string[])[] = [];
  for (const scenario of scenarios) {
    const results = new Map<DataPlaneName, LoadResult[]>();
    for (const contestant of contestants) await measure(contestant, scenario, 2);
    for (let round = 0; round < rounds; round++)
      // Every other round starts with the other one, so that drift of the machine hits both.
      for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
        const result = await measure(contestant, scenario, seconds);
        results.set(contestant.dataPlane, [...(results.get(contestant.dataPlane) ?? []), result]);
      }
    const reference = median((results.get('envoy') ?? []).map((result) => result.requestsPerSecond));
    for (const [dataPlane, list] of results) rows.push(row(scenario.name, dataPlane, list, reference));
  }
  console.log(
    formatTable(
      ['scenario', 'data plane', 'requests/s (median)', 'min–max', 'ratio to Envoy', 'p99 ms', 'errors'],
      rows,
    ),
  );
} finally {
  await Promise.all(contestants.map((contestant) => contestant.process.stop()));
  await upstream.stop();
  folder.dispose();
}
