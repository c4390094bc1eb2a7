// Random Host headers against the same routes in both route modes on both data planes: all four answer alike.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type Manifest,
  type ManifestFolder,
  service,
} from './harness/manifests.ts';
import { requireLinux } from './harness/require-tool.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';

const seed = Number(process.env.TIDEGATE_DIFFERENTIAL_SEED ?? 7);
const requestsPerTable = 1500;
const lanes = 8;

/** Nested and of one label, where names meet wildcards, and what is no name at all. */
const domains = [
  ...['example.com', 'a.example.com', 'deep.a.example.com', 'x.b.example.com', 'shop.test', 'localhost', '10.0.0.1'],
  ...['::1', '*.example.com', '*.a.example.com', '*.b.a.example.com', '*.org', '*.co.uk', '*.shop.co.uk'],
];
/** A table with a catch-all, and one without. */
const tables: Readonly<Record<number, readonly string[]>> = { 80: [...domains, '*'], 8080: domains };

const scopeHeader = 'x-tidegate-scope';

/** Answers with what it saw: whose route, which host, which headers. */
async function startEcho(): Promise<http.Server> {
  const server = http.createServer(({ headers }, response) =>
    response.end(`${headers['x-of']} ${headers.host} ${Object.keys(headers).sort().join()}`),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Each domain is told by its answer; below /echo an application says what reaches it; what matches nothing is 404. */
function hostRoutes(port: number, list: readonly string[]): Manifest[] {
  const at = (prefix: string) => [{ uri: { prefix } }];
  return list.map((host, i) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: `v${port}-${i}`, namespace: 'default' },
    spec: {
      hosts: [host],
      gateways: [`istio-system/gw${port}`],
      http: [
        { match: at('/is'), directResponse: { status: 200, body: { string: `${port} ${host}` } } },
        {
          match: at('/echo'),
          route: [{ destination: { host: 'echo' }, headers: { request: { set: { 'x-of': String(i) } } } }],
        },
      ],
    },
  }));
}

const label = fc.constantFrom('a', 'b', 'x', 'deep', 'shop', 'example', 'com', 'org', 'co', 'uk', 'test', '*', '?', '');
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...domains) },
  { weight: 4, arbitrary: fc.tuple(label, fc.constantFrom(...domains)).map(([one, rest]) => `${one}.${rest}`) },
  { weight: 2, arbitrary: fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['*', '?', '?example.com', 'http.80', 'http.80/a.example.com', 'a/b.example.com', '/', '-', '.', '..'],
      ...['[::1]', '[::1]:80', '::1', '[fe80::1]', 'a.example.com/', 'localhost.', `${'a.'.repeat(120)}example.com`],
      ...['a.example.com.', 'xn--bcher-kva.example.com', 'http.80/*', 'http.80/?example.com'],
    ),
  },
);
const casing = fc.constantFrom(
  (text: string) => text,
  (text: string) => text,
  (text: string) => text.toUpperCase(),
  (text: string) => text.replace(/[a-z]/, (letter) => letter.toUpperCase()),
);
const port = fc.constantFrom('', '', '', ':80', ':30000', ':0', ':http', ':', ':80:80');
/** Node writes a Host of its own in the place of an empty one. */
const authority = fc
  .tuple(name, casing, port)
  .map(([host, change, suffix]) => `${change(host)}${suffix}`)
  .filter((host) => host !== '');
const request = fc.record({
  host: authority,
  path: fc.constantFrom('/is', '/echo', '/nothing'),
  /** What a client has no say in. */
  scope: fc.constantFrom(undefined, undefined, undefined, 'http.80/a.example.com', 'http.8080/*'),
});
type HostRequest = typeof request extends fc.Arbitrary<infer One> ? One : never;

const skip = requireLinux() || dataPlaneNames.map(skipDataPlane).find((reason) => reason !== false) || false;

interface Case {
  readonly title: string;
  readonly tidegate: TidegateProcess;
  readonly portMap: Readonly<Record<number, number>>;
  readonly agent: http.Agent;
}

describe('hosts in both route modes', { skip }, () => {
  const cases: Case[] = [];
  let folder: ManifestFolder | undefined;
  let echo: http.Server | undefined;

  before(async () => {
    echo = await startEcho();
    folder = createManifestFolder({
      'all.yaml': [
        ...service('echo', [{ address: '127.0.0.1', port: (echo.address() as AddressInfo).port }]),
        ...Object.entries(tables).flatMap(([number, list]) => [
          gateway([httpServer(Number(number))], `gw${number}`),
          ...hostRoutes(Number(number), list),
        ]),
      ],
    });
    for (const dataPlane of dataPlaneNames)
      for (const mode of ['shared', 'scoped']) {
        const portMap = await portMapFor(Object.keys(tables).map(Number));
        const args = ['--route-mode', mode];
        const tidegate = await startTidegate({ manifests: [folder.path], dataPlane, portMap, args });
        const agent = new http.Agent({ keepAlive: true, maxSockets: lanes });
        cases.push({ title: `${dataPlane} ${mode}`, tidegate, portMap, agent });
      }
  });
  after(async () => {
    for (const { agent, tidegate } of cases) {
      agent.destroy();
      await tidegate.stop();
    }
    folder?.dispose();
    echo?.closeAllConnections();
    await new Promise((resolve) => echo?.close(resolve));
  });

  const ask = async (
    { title, portMap, agent }: Case,
    table: number,
    { host, path, scope }: HostRequest,
  ): Promise<string> => {
    const headers = scope === undefined ? {} : { [scopeHeader]: scope };
    const { status, body } = await sendRequest({ port: portMap[table] ?? 0, host, path, headers, agent });
    // To a shared table it is a header like others.
    return `${status} ${title.endsWith('shared') ? body.replace(`,${scopeHeader}`, '') : body}`;
  };

  for (const table of Object.keys(tables).map(Number))
    it(`are the same to the table of port ${table}`, async () => {
      const requests = fc.sample(request, { numRuns: requestsPerTable, seed });
      const differences: unknown[] = [];
      let isRouted = 0;
      const lane = async (own: readonly HostRequest[]): Promise<void> => {
        for (const one of own) {
          const answers = await Promise.all(cases.map((each) => ask(each, table, one)));
          if (answers[0]?.startsWith('200')) isRouted += 1;
          if (new Set(answers).size > 1)
            differences.push({
              ...one,
              answers: Object.fromEntries(cases.map(({ title }, i) => [title, answers[i]])),
            });
        }
      };
      await Promise.all(Array.from({ length: lanes }, (_, i) => lane(requests.filter((_one, j) => j % lanes === i))));
      assert.deepEqual(differences.slice(0, 20), []);
      assert.ok(isRouted > requestsPerTable / 4, `only ${isRouted} were routed`);
    });
});
