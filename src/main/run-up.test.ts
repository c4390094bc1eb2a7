// `tidegate up` as a whole, in this process: the seed's manifests on disk, the embedded engine, real sockets.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { ConfigDumpView, PortView, ProxySyncView } from '../admin/views.ts';
import type { Diagnostic } from '../lib/diagnostic.ts';
import { compareConfig } from './compare-config.ts';
import { runGateway } from './run-gateway.ts';
import type { GatewayOptions, PilotOptions, ReadyReport, UpOptions } from './run-options.ts';
import { runPilot } from './run-pilot.ts';
import { runUp } from './run-up.ts';
import { createSignals, recordEvents } from './testing/record-events.ts';

const seed = path.join(import.meta.dirname, '../../examples/seed/manifests');
const virtualService = (prefix: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: counter, namespace: default }
spec:
  hosts: [counter.lab.example.com]
  gateways: [default-gateway.istio-system.svc.cluster.local]
  http: [{ match: [{ uri: { prefix: ${prefix} } }], route: [{ destination: { host: counter, port: { number: 80 } } }] }]
`;

const listen = (server: net.Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer());
  const ports = await Promise.all(servers.map(listen));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Bounded, and without a fixed pause: asks again until it is so. */
async function eventually(what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await check())) assert.ok(Date.now() < deadline, `${what} did not come`);
}

const get = (port: number, urlPath: string): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const headers = { host: 'counter.lab.example.com' };
    http
      .get({ host: '127.0.0.1', port, path: urlPath, headers, agent: false }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve({ status: response.statusCode!, body }));
      })
      .on('error', reject);
  });

const adminJson = async <Value>(admin: string | undefined, urlPath: string): Promise<Value> =>
  (await (await fetch(`http://${admin}${urlPath}`)).json()) as Value;

describe('the composition over the embedded engine', () => {
  const backend = http.createServer((request, response) => response.end(`counter ${request.url}`));
  const echo = net.createServer((socket) => socket.pipe(socket));
  let folder = '';
  let ports: readonly number[] = [];
  let options: UpOptions;
  let events = recordEvents();
  let run = createSignals();

  before(async () => {
    await Promise.all([listen(backend), listen(echo)]);
  });
  after(() => {
    backend.close();
    echo.close();
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidegate-up-test-'));
    for (const file of fs.readdirSync(seed)) fs.copyFileSync(path.join(seed, file), path.join(folder, file));
    ports = await freePorts(3);
    const { port: backendPort } = backend.address() as AddressInfo;
    const { port: echoPort } = echo.address() as AddressInfo;
    options = {
      likeIstio: [],
      jwksRefreshMs: 60_000,
      routeMode: { kind: 'shared', scopedAbove: 200 },
      paths: [folder],
      backends: [
        { service: 'counter', namespace: 'default', port: undefined, host: '127.0.0.1', hostPort: backendPort },
        { service: 'mysql', namespace: 'default', port: 3306, host: '127.0.0.1', hostPort: echoPort },
      ],
      admin: { host: '127.0.0.1', port: 0 },
      logLevel: 'warn',
      logFormat: 'text',
      engine: 'embedded',
      name: 'istio-ingressgateway',
      namespace: 'istio-system',
      labels: { istio: 'ingressgateway' },
      metadata: {},
      bind: '127.0.0.1',
      portMap: { 80: ports[0]!, 443: ports[1]!, 3306: ports[2]! },
      mounts: [],
      metrics: undefined,
      dnsServers: [],
      workers: undefined,
      xdsProtocol: 'delta',
      drainTimeoutMs: 500,
    };
    events = recordEvents();
    run = createSignals();
  });

  /** Starts `up`, runs the test against it, and sees it end cleanly. */
  const withUp = async (body: (admin: string, report: ReadyReport) => Promise<void>): Promise<void> => {
    const ended = runUp(options, run.signals, events);
    ended.catch(() => undefined);
    try {
      const report = await Promise.race([events.whenReady, ended.then(() => assert.fail('ended before it was ready'))]);
      await body(report.admin!, report);
    } finally {
      run.stop.abort();
      await ended;
    }
  };

  it('serves HTTP and TCP from the manifests, and shows that the proxy has what pilot intends', () =>
    withUp(async (admin, report) => {
      assert.deepEqual(await get(ports[0]!, '/hello'), { status: 200, body: 'counter /hello' });
      const socket = net.connect(ports[2]!, '127.0.0.1');
      socket.end('ping');
      assert.equal(await text(socket), 'ping');

      const rows = report.ports.map((row) => [
        row.gatewayPort,
        row.servicePort,
        row.nodePort,
        row.port,
        row.from,
        row.dataPlane,
      ]);
      assert.deepEqual(rows, [
        [80, 80, 30000, ports[0], 'port-map', 'embedded'],
        [443, 443, 30443, ports[1], 'port-map', 'embedded'],
        [3306, 3306, 30306, ports[2], 'port-map', 'embedded'],
      ]);
      const [proxy, ...others] = await adminJson<readonly ProxySyncView[]>(admin, '/debug/syncz');
      assert.deepEqual(
        [proxy?.name, proxy?.types.LDS?.status, others],
        ['istio-ingressgateway.istio-system', 'SYNCED', []],
      );
      const dump = (view: string) =>
        adminJson<ConfigDumpView>(admin, `/debug/config_dump?proxy=${proxy?.id}&view=${view}`);
      const compared = compareConfig(await dump('intended'), await dump('actual'));
      assert.deepEqual(
        compared.map(({ title, match }) => `${title} ${match}`),
        ['Clusters true', 'Listeners true', 'Routes true', 'Endpoints true', 'Secrets true'],
      );
    }));

  it('follows an edit, keeps serving through a file that does not parse, and tells both', () =>
    withUp(async () => {
      const file = path.join(folder, 'virtual-services.yaml');
      fs.writeFileSync(file, virtualService('/new'));
      await eventually('404 for /old', async () => (await get(ports[0]!, '/old')).status === 404);
      assert.equal((await get(ports[0]!, '/new')).body, 'counter /new');
      fs.writeFileSync(file, 'kind: [');
      await events.whenTold('appeared TG0002');
      assert.equal((await get(ports[0]!, '/new')).status, 200);
      fs.writeFileSync(file, virtualService('/'));
      await events.whenTold('resolved TG0002');
      await eventually('200 for /old', async () => (await get(ports[0]!, '/old')).status === 200);
    }));

  it('says which certificate files are missing, and serves the other ports', () =>
    withUp(async (admin) => {
      await events.whenTold('appeared TG0012');
      const found = await adminJson<readonly Diagnostic[]>(admin, '/debug/diagnostics');
      assert.ok(found.some(({ code }) => code === 'TG0012'));
      assert.equal((await get(ports[0]!, '/')).status, 200);
    }));

  it('names a port that is taken, and serves the other ports', async () => {
    const other = net.createServer();
    await new Promise<void>((resolve) => other.listen(ports[2]!, '127.0.0.1', resolve));
    try {
      await withUp(async (admin) => {
        await events.whenTold('appeared TG0019');
        const rows = await adminJson<readonly PortView[]>(admin, '/debug/ports');
        assert.deepEqual(
          rows.map(({ state }) => state),
          ['listening', 'listening', 'failed'],
        );
        assert.equal((await get(ports[0]!, '/')).status, 200);
      });
    } finally {
      other.close();
    }
  });

  it('warns of a Gateway that selects other labels than this gateway has', async () => {
    options = { ...options, labels: { istio: 'other' } };
    await withUp(() => events.whenTold('appeared TG0010 default-gateway'));
  });

  it('refuses to start where its admin address is taken, and leaves no folder behind', async () => {
    const other = net.createServer();
    const port = await listen(other);
    const own = path.join(folder, 'tmp');
    fs.mkdirSync(own);
    const { TMPDIR } = process.env;
    process.env.TMPDIR = own;
    try {
      await assert.rejects(runUp({ ...options, admin: { host: '127.0.0.1', port } }, run.signals, events), /is in use/);
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
    assert.deepEqual(fs.readdirSync(own), []);
    other.close();
  });

  it('works as two processes too: pilot on one side, the gateway on the other', async () => {
    const pilotEvents = recordEvents();
    const xds = `unix:${path.join(folder, 'xds.sock')}`;
    const pilot = runPilot({ ...options, xds } satisfies PilotOptions, run.signals, pilotEvents);
    const pilotReport = await pilotEvents.whenReady;
    assert.equal(pilotReport.xds, xds);
    const gatewayOptions: GatewayOptions = { ...options, pilot: xds };
    const gateway = runGateway(gatewayOptions, run.signals, events);
    const { admin } = await events.whenReady;
    assert.equal((await get(ports[0]!, '/split')).body, 'counter /split');
    const [proxy] = await adminJson<readonly ProxySyncView[]>(pilotReport.admin!, '/debug/syncz');
    assert.equal(proxy?.adminAddress, admin);
    const rows = await adminJson<readonly PortView[]>(pilotReport.admin!, '/debug/ports');
    assert.deepEqual(
      rows.map(({ state, port }) => [state, port]),
      [
        ['unknown', ports[0]],
        ['unknown', ports[1]],
        ['unknown', ports[2]],
      ],
    );
    run.stop.abort();
    await Promise.all([pilot, gateway]);
  });
});
