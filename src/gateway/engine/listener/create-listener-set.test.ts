// Listeners that come, change, fail and go while connections live on.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { EngineConfig, ListenerConfig } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
  cluster,
  engineConfig,
  exchangeBytes,
  filterChain,
  forwardRoute,
  get,
  httpBackend,
  httpManager,
  listen,
  listener,
  routeTable,
  runEngine,
  until,
} from '../engine-fixture.ts';

const { cleanups, keep } = cleanUpAfterEach();

const echo = async (text: string) => keep(await httpBackend((_request, response) => response.end(text)));

function configOf(listeners: readonly ListenerConfig[], clusters: Record<string, number>): EngineConfig {
  return engineConfig({
    listeners,
    routes: Object.keys(clusters).map((name) => ({ ...routeTable([forwardRoute('/', name)]), name })),
    clusters: Object.entries(clusters).map(([name, port]) => cluster(name, [port])),
  });
}
const chainTo = (routeConfigName: string) => filterChain(httpManager({ routeConfigName }));

/** A keep-alive client: one connection, one request after the other. */
function keepAliveClient(port: number) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  cleanups.push(async () => agent.destroy());
  return () => get(port, '/', { agent });
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = await listen(net.createServer());
  await probe.stop();
  return probe.port;
}

describe('createListenerSet', () => {
  it('names a port that is taken, serves the others, and takes it when it is free', async () => {
    const one = await echo('one');
    const blocker = await listen(net.createServer());
    const taken = listener([chainTo('one')], { name: '0.0.0.0_81', port: blocker.port });
    const running = keep(await runEngine(configOf([listener([chainTo('one')]), taken], { one: one.port })));
    assert.equal((await get(running.port(), '/')).body, 'one');
    const [diagnostic] = running.engine.diagnostics();
    assert.equal(diagnostic?.code, 'TG0019');
    assert.match(diagnostic?.message ?? '', new RegExp(`Port ${blocker.port} is in use`));
    const bound = running.engine.listeners().find(({ name }) => name === '0.0.0.0_81');
    assert.equal(bound?.state, 'failed');
    assert.match(bound?.error ?? '', /EADDRINUSE/);
    await blocker.stop();
    await until(() => running.engine.diagnostics().length === 0);
    assert.equal((await get(blocker.port, '/')).body, 'one');
  });

  it('keeps the port and the connection when routes and clusters change', async () => {
    const one = await echo('one');
    const two = await echo('two');
    const running = keep(await runEngine(configOf([listener([chainTo('r')])], { r: one.port })));
    const client = keepAliveClient(running.port());
    assert.equal((await client()).body, 'one');
    running.engine.apply(configOf([listener([chainTo('r')])], { r: two.port }));
    const answer = await client();
    assert.equal(answer.body, 'two');
    assert.equal(answer.headers.connection, undefined);
  });

  it('answers once more on a replaced filter chain, by the new one, then ends the connection', async () => {
    const one = await echo('one');
    const two = await echo('two');
    const before = listener([chainTo('one')], { port: await freePort() });
    const running = keep(await runEngine(configOf([before], { one: one.port })));
    const client = keepAliveClient(before.port);
    assert.equal((await client()).body, 'one');
    running.engine.apply(configOf([{ ...before, version: '2', filterChains: [chainTo('two')] }], { two: two.port }));
    const last = await client();
    assert.deepEqual([last.status, last.body, last.headers.connection], [200, 'two', 'close']);
    assert.equal((await client()).headers.connection, undefined);
  });

  it('lets a request in flight end when its listener goes', async () => {
    let finish: (() => void) | undefined;
    const slow = keep(
      await httpBackend((_request, response) => {
        finish = () => response.end('late');
      }),
    );
    const running = keep(await runEngine(configOf([listener([chainTo('r')])], { r: slow.port })));
    const answer = get(running.port(), '/');
    await until(() => finish !== undefined);
    running.engine.apply(configOf([], { r: slow.port }));
    finish?.();
    const { body, headers } = await answer;
    assert.equal(body, 'late');
    assert.equal(headers.connection, 'close');
  });

  it('fails no request while everything changes under load', async () => {
    const one = await echo('one');
    const two = await echo('two');
    const base = listener([chainTo('r')], { port: await freePort() });
    const configs = [
      configOf([base], { r: one.port }),
      configOf(
        [
          {
            ...base,
            version: '2',
            filterChains: [filterChain(httpManager({ routeConfigName: 'r', statPrefix: 'b' }))],
          },
        ],
        { r: two.port },
      ),
      configOf([{ ...base, version: '3', filterChains: [chainTo('s')] }], { r: two.port, s: one.port }),
    ];
    const running = keep(await runEngine(configs[0]!));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    cleanups.push(async () => agent.destroy());
    let done = 0;
    const bodies = new Set<string>();
    const load = Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 100; i++) {
          const answer = await get(base.port, '/', { agent });
          assert.equal(answer.status, 200);
          bodies.add(answer.body);
          done++;
        }
      }),
    );
    let version = 0;
    while (done < 800) {
      running.engine.apply(configs[++version % configs.length]!);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await load;
    assert.deepEqual([...bodies].sort(), ['one', 'two']);
  });

  it('drains: nothing new is accepted, idle connections close, requests in flight end', async () => {
    let finish: (() => void) | undefined;
    const slow = keep(
      await httpBackend((request, response) => {
        if (request.url === '/slow') finish = () => response.end('late');
        else response.end('quick');
      }),
    );
    const running = await runEngine(configOf([listener([chainTo('r')])], { r: slow.port }));
    const port = running.port();
    const idle = exchangeBytes(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = get(port, '/slow');
    await until(() => finish !== undefined);
    const drained = running.engine.drain(5000);
    assert.match(await idle, /quick$/);
    await assert.rejects(get(port, '/'), /ECONNREFUSED/);
    finish?.();
    assert.equal((await answer).body, 'late');
    await drained;
  });

  it('stops after the time given, whatever clients do', async () => {
    let asked = false;
    const silent = keep(
      await httpBackend(() => {
        asked = true;
      }),
    );
    const running = await runEngine(configOf([listener([chainTo('r')])], { r: silent.port }));
    const halfSent = exchangeBytes(running.port(), 'GET / HT');
    const answer = exchangeBytes(running.port(), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => asked);
    await running.engine.drain(50);
    assert.equal(await answer, '');
    assert.equal(await halfSent, '');
  });
});
