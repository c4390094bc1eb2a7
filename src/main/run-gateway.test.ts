// The gateway's composition over a pretended data plane: readiness, problems, views, and its three ways to end.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { TidegateError } from '../lib/tidegate-error.ts';
import { runGateway } from './run-gateway.ts';
import type { GatewayOptions } from './run-options.ts';
import { createFakeDataPlane, emptyDump } from './testing/fake-data-plane.ts';
import { createSignals, recordEvents } from './testing/record-events.ts';

const options: GatewayOptions = {
  pilot: 'unix:/nowhere',
  admin: { host: '127.0.0.1', port: 0 },
  logLevel: 'warn',
  logFormat: 'text',
  engine: 'embedded',
  name: 'edge',
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway' },
  metadata: {},
  bind: '127.0.0.1',
  portMap: { 80: 18080 },
  mounts: [],
  metrics: undefined,
  dnsServers: [],
  workers: undefined,
  xdsProtocol: 'delta',
  drainTimeoutMs: 4000,
};

describe('tidegate gateway', () => {
  let fake = createFakeDataPlane();
  let events = recordEvents();
  let run = createSignals();
  const start = (changes: Partial<GatewayOptions> = {}) =>
    runGateway({ ...options, ...changes }, run.signals, events, fake);

  beforeEach(() => {
    fake = createFakeDataPlane();
    events = recordEvents();
    run = createSignals();
  });

  it('is ready with its data plane, and tells pilot its admin address', async () => {
    const ended = start();
    await fake.plane.started;
    assert.ok(!events.told.includes('ready'));
    const address = fake.plane.node!.adminAddress!;
    assert.equal((await fetch(`http://${address}/ready`)).status, 503);
    fake.plane.becomeReady();
    const report = await events.whenReady;
    assert.equal(report.admin, address);
    assert.deepEqual(
      report.ports.map(({ listener, state, gatewayPort }) => [listener, state, gatewayPort]),
      [['0.0.0.0_80', 'listening', null]],
    );
    assert.equal((await fetch(`http://${address}/ready`)).status, 200);
    assert.deepEqual(fake.plane.node!.localNode, { bind: '127.0.0.1', portMap: { 80: 18080 } });
    run.stop.abort();
    await ended;
    assert.deepEqual(fake.plane.drains, [4000]);
    await assert.rejects(fetch(`http://${address}/ready`));
  });

  it('shows what its data plane has, under its id and its name only', async () => {
    const ended = start();
    fake.plane.becomeReady();
    const { admin } = await events.whenReady;
    const dump = (query: string) => fetch(`http://${admin}/debug/config_dump?${query}`);
    assert.deepEqual(await (await dump('proxy=edge.istio-system')).json(), emptyDump);
    assert.equal((await dump('proxy=router~127.0.0.1~edge.istio-system~istio-system.svc.cluster.local')).status, 200);
    assert.equal((await dump('proxy=another.istio-system')).status, 404);
    assert.equal((await dump('proxy=edge.istio-system&view=intended')).status, 404);
    run.stop.abort();
    await ended;
  });

  it('passes access logs on, to events and to the admin server', async () => {
    const ended = start();
    fake.plane.becomeReady();
    const { admin } = await events.whenReady;
    fake.plane.log('GET / 200');
    assert.ok(events.told.includes('access GET / 200'));
    assert.equal(await (await fetch(`http://${admin}/logs`)).text(), 'GET / 200\n');
    run.stop.abort();
    await ended;
  });

  it('tells problems of its machine when they appear and when they are gone', async () => {
    const ended = start({ admin: undefined });
    fake.plane.problems = [{ severity: 'error', code: 'TG0019', message: 'taken.', remedy: 'Free it.' }];
    fake.plane.becomeReady();
    await events.whenTold('appeared TG0019');
    fake.plane.problems = [];
    await events.whenTold('resolved TG0019');
    run.stop.abort();
    await ended;
  });

  it('ends without being ready when it is stopped before', async () => {
    const ended = start({ admin: undefined });
    await fake.plane.started;
    run.stop.abort();
    await ended;
    assert.deepEqual([fake.plane.drains.length, events.told.includes('ready')], [1, false]);
  });

  it('stops draining when it is forced', async () => {
    const ended = start({ admin: undefined });
    fake.plane.drainHold = new Promise(() => undefined);
    fake.plane.becomeReady();
    await events.whenReady;
    run.stop.abort();
    run.force.abort();
    await ended;
    assert.equal(fake.plane.drains.at(-1), 0);
  });

  it('fails with the error of a data plane that cannot run, and leaves nothing behind', async () => {
    fake.plane.startFailure = new TidegateError('envoy-failed', 'no Envoy');
    await assert.rejects(start(), /^TidegateError: no Envoy$/);
    assert.equal(fake.plane.drains.length, 1);
    await assert.rejects(fetch(`http://${fake.plane.node!.adminAddress}/healthz`));
  });
});
