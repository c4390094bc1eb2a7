// Faults put into requests: what is held back arrives whole, and what is aborted reaches no endpoint.
import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { Fault } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
  cluster,
  engineConfig,
  filterChain,
  forwardRoute,
  get,
  httpBackend,
  httpManager,
  listener,
  type RunningEngine,
  routeTable,
  runEngine,
  until,
} from '../engine-fixture.ts';

const { cleanups } = cleanUpAfterEach();

interface Served {
  readonly engine: RunningEngine;
  readonly bodies: readonly string[];
}

async function serve(fault: Fault): Promise<Served> {
  const bodies: string[] = [];
  const backend = await httpBackend((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      response.end('ok');
    });
  });
  cleanups.push(() => backend.stop());
  const format = { kind: 'text', template: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n' } as const;
  const manager = httpManager({ accessLogs: [{ path: '/dev/stdout', format, conditions: [] }] });
  const engine = await runEngine(
    engineConfig({
      listeners: [listener([filterChain(manager)])],
      routes: [routeTable([forwardRoute('/', 'echo', { fault })])],
      clusters: [cluster('echo', [backend.port])],
    }),
  );
  cleanups.push(() => engine.stop());
  return { engine, bodies };
}

describe('a fault', () => {
  it('holds a request back and forwards all of its body then', async () => {
    const { engine, bodies } = await serve({ delay: { ms: 30, share: 1 } });
    const body = 'x'.repeat(300_000);
    assert.equal((await get(engine.port(), '/', { method: 'POST' }, body)).body, 'ok');
    assert.deepEqual([bodies.length, bodies[0]?.length], [1, body.length]);
    assert.deepEqual(engine.lines, ['200 DI via_upstream']);
  });

  it('forgets a request whose client leaves while it is held back', async () => {
    const { engine, bodies } = await serve({ delay: { ms: 60_000, share: 1 } });
    const client = net.connect(engine.port(), '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nhost: a.example.com\r\n\r\n', () => client.destroy());
    await until(() => engine.lines.length === 1);
    assert.match(engine.lines[0] ?? '', /^0 DI/);
    assert.deepEqual(bodies, []);
  });

  it('aborts after the delay', async () => {
    const { engine, bodies } = await serve({
      delay: { ms: 1, share: 1 },
      abort: { status: 418, grpcStatus: undefined, share: 1 },
    });
    const answer = await get(engine.port(), '/');
    assert.deepEqual([answer.status, answer.body, bodies.length], [418, 'fault filter abort', 0]);
    assert.deepEqual(engine.lines, ['418 DI,FI fault_filter_abort']);
  });

  it('gives gRPC clients the status of gRPC that it names', async () => {
    const { engine } = await serve({ abort: { status: 200, grpcStatus: 8, share: 1 } });
    const { status, headers } = await get(engine.port(), '/', {
      method: 'POST',
      headers: { 'content-type': 'application/grpc' },
    });
    assert.deepEqual([status, headers['grpc-status']], [200, '8']);
  });

  it('leaves requests alone that are not of its share', async () => {
    const { engine } = await serve({ abort: { status: 503, grpcStatus: undefined, share: 0 } });
    assert.equal((await get(engine.port(), '/')).status, 200);
  });
});
