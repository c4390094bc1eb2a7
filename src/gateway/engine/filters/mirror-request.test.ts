// Copies of requests: whatever becomes of them, the request itself goes on.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { ForwardAction } from '../config/engine-config.ts';
import {
  type Backend,
  cleanUpAfterEach,
  cluster,
  engineConfig,
  filterChain,
  forwardRoute,
  get,
  httpBackend,
  httpManager,
  listen,
  listener,
  type RunningEngine,
  routeTable,
  runEngine,
  until,
} from '../engine-fixture.ts';
import { shadowAuthority } from './mirror-request.ts';

const { keep } = cleanUpAfterEach();

/** Answers with how much it got, and notes it. */
async function counter(): Promise<{ backend: Backend; sizes: number[] }> {
  const sizes: number[] = [];
  const backend = await httpBackend((request, response) => {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    request.on('end', () => {
      sizes.push(size);
      response.end(String(size));
    });
  });
  return { backend: keep(backend), sizes };
}

async function serve(main: Backend, copy: Backend, share = 1): Promise<RunningEngine> {
  const route = forwardRoute('/', 'main');
  const action: ForwardAction = { ...(route.action as ForwardAction), mirrors: [{ cluster: 'copy', share }] };
  return keep(
    await runEngine(
      engineConfig({
        listeners: [listener([filterChain(httpManager())])],
        routes: [routeTable([{ ...route, action }])],
        clusters: [cluster('main', [main.port]), cluster('copy', [copy.port])],
      }),
    ),
  );
}

describe('a copy of a request', () => {
  it('gets the whole body', async () => {
    const [main, copy] = [await counter(), await counter()];
    const engine = await serve(main.backend, copy.backend);
    const body = 'x'.repeat(200_000);
    assert.equal((await get(engine.port(), '/', { method: 'POST' }, body)).body, '200000');
    await until(() => copy.sizes.length === 1);
    assert.deepEqual(copy.sizes, [200_000]);
  });

  it('is given up where it cannot follow, and the request goes on', async () => {
    const main = await counter();
    const sockets: net.Socket[] = [];
    const stuck = keep(await listen(net.createServer((socket) => void sockets.push(socket.on('error', () => {})))));
    const engine = await serve(main.backend, stuck);
    const body = 'x'.repeat(20_000_000);
    assert.equal((await get(engine.port(), '/', { method: 'POST' }, body)).body, '20000000');
    let copied = 0;
    sockets[0]?.on('data', (chunk) => {
      copied += chunk.length;
    });
    await until(() => sockets[0]?.closed === true);
    assert.ok(copied < 20_000_000, String(copied));
  });

  it('is not missed where nobody listens, or answers at once', async () => {
    const main = await counter();
    const nobody = await listen(net.createServer());
    await nobody.stop();
    const engine = await serve(main.backend, nobody);
    assert.equal((await get(engine.port(), '/', { method: 'POST' }, 'abc')).body, '3');

    const hasty = keep(await httpBackend((_request, response) => response.writeHead(413).end('too much')));
    const other = await serve(main.backend, hasty);
    const body = 'x'.repeat(1_000_000);
    assert.equal((await get(other.port(), '/', { method: 'POST' }, body)).body, '1000000');
    assert.equal((await get(other.port(), '/', { method: 'POST' }, body)).body, '1000000');
  });

  it('ends with a request that its client breaks off', async () => {
    let started = 0;
    let aborted = 0;
    const copy = keep(
      await listen(
        http.createServer((request) => {
          started++;
          request.on('error', () => {});
          request.on('close', () => aborted++);
        }),
      ),
    );
    const main = await counter();
    const engine = await serve(main.backend, copy);
    const client = net.connect(engine.port(), '127.0.0.1');
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc');
    await until(() => started === 1);
    client.destroy();
    await until(() => aborted === 1);
    assert.deepEqual(main.sizes, []);
  });

  it('is made of the share of the requests', async () => {
    const [main, copy] = [await counter(), await counter()];
    const engine = await serve(main.backend, copy.backend, 0);
    await get(engine.port(), '/');
    assert.deepEqual([main.sizes, copy.sizes], [[0], []]);
  });

  it('can be told by its authority', () => {
    assert.equal(shadowAuthority('a.example.com'), 'a.example.com-shadow');
    assert.equal(shadowAuthority('a.example.com:8080'), 'a.example.com-shadow:8080');
    assert.equal(shadowAuthority('[::1]:80'), '[::1]:80-shadow');
  });
});
