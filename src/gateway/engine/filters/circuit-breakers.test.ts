// What becomes of requests and connections beyond a cluster's limits, with real sockets on both sides.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { ClusterConfig, ForwardAction } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
  cluster,
  defaultRetryPolicy,
  engineConfig,
  filterChain,
  forwardRoute,
  get,
  httpManager,
  keptConnections,
  listen,
  listener,
  noLimits,
  type RunningEngine,
  routeTable,
  runEngine,
  until,
} from '../engine-fixture.ts';

const { keep } = cleanUpAfterEach();

const format = { kind: 'text', template: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n' } as const;
const accessLogs = [{ path: '/dev/stdout', format, conditions: [] }];

async function serve(config: ClusterConfig, action: Partial<ForwardAction> = {}): Promise<RunningEngine> {
  const route = forwardRoute('/', config.name);
  const routes = [routeTable([{ ...route, action: { ...(route.action as ForwardAction), ...action } }])];
  const listeners = [listener([filterChain(httpManager({ accessLogs }))])];
  return keep(await runEngine(engineConfig({ listeners, routes, clusters: [config] })));
}

/** Answers all requests at once when told to; knows its connections. */
async function holdingBackend() {
  const held: http.ServerResponse[] = [];
  let connections = 0;
  const server = http.createServer((_request, response) => void held.push(response));
  server.on('connection', () => connections++);
  const { port } = keep(await listen(server));
  const answer = (status: number): void => {
    for (const response of held.splice(0)) response.writeHead(status).end();
  };
  return { port, answer, held, connections: () => connections };
}

describe('a cluster at its limit', () => {
  it('refuses further requests, and says so', async () => {
    const backend = await holdingBackend();
    const limits = { ...noLimits, maxRequests: 1 };
    const running = await serve(cluster('a', [backend.port], { circuitBreakers: limits }), {
      retry: { ...defaultRetryPolicy, retryOn: ['5xx', 'reset'] },
    });
    const first = get(running.port(), '/');
    await until(() => backend.held.length === 1);
    const second = await get(running.port(), '/');
    assert.equal(second.status, 503);
    assert.equal(second.body, 'upstream connect error or disconnect/reset before headers. reset reason: overflow');
    assert.equal(second.headers['x-envoy-overloaded'], 'true');
    assert.equal(running.lines[0], '503 UO upstream_reset_before_response_started{overflow}');
    backend.answer(200);
    assert.equal((await first).status, 200);
    const third = get(running.port(), '/');
    await until(() => backend.held.length === 1);
    backend.answer(200);
    assert.equal((await third).status, 200);
  });

  it('lets requests wait for a connection, as many as may', async () => {
    const backend = await holdingBackend();
    const limits = { ...noLimits, maxConnections: 1, maxPendingRequests: 1 };
    const running = await serve(cluster('a', [backend.port], { circuitBreakers: limits }));
    const first = get(running.port(), '/');
    await until(() => backend.held.length === 1);
    // Which of the two comes first is open: one waits, the other is refused.
    const others = [get(running.port(), '/'), get(running.port(), '/')];
    const refused = await Promise.race(others);
    assert.equal(refused.status, 503);
    backend.answer(200);
    await until(() => backend.held.length === 1);
    backend.answer(204);
    const statuses = (await Promise.all(others)).map(({ status }) => status);
    assert.deepEqual(statuses.toSorted(), [204, 503]);
    assert.equal((await first).status, 200);
    assert.equal(backend.connections(), 1);
  });

  it('retries no more than it may', async () => {
    const backend = await holdingBackend();
    const limits = { ...noLimits, maxRetries: 0 };
    const running = await serve(cluster('a', [backend.port], { circuitBreakers: limits }), {
      retry: { ...defaultRetryPolicy, retryOn: ['5xx'] },
    });
    const answer = get(running.port(), '/');
    await until(() => backend.held.length === 1);
    backend.answer(502);
    assert.equal((await answer).status, 502);
    assert.equal(running.lines[0], '502 UO via_upstream');
  });

  it('closes TCP connections beyond it', async () => {
    const backend = keep(await listen(net.createServer((socket) => socket.write('hello'))));
    const config = cluster('a', [backend.port], { circuitBreakers: { ...noLimits, maxConnections: 1 } });
    const chain = filterChain({
      kind: 'tcp',
      statPrefix: 'tcp',
      clusters: { entries: [{ cluster: 'a', weight: 1 }], totalWeight: 1 },
      idleTimeoutMs: 0,
      accessLogs,
    });
    const running = keep(await runEngine(engineConfig({ listeners: [listener([chain])], clusters: [config] })));
    const connect = () => {
      const state = { socket: net.connect(running.port(), '127.0.0.1'), text: '', closed: false };
      state.socket.on('data', (chunk) => (state.text += chunk));
      state.socket.on('error', () => {});
      state.socket.on('close', () => (state.closed = true));
      return state;
    };
    const first = connect();
    await until(() => first.text === 'hello');
    const second = connect();
    await until(() => second.closed);
    assert.deepEqual([second.text, running.lines[0]], ['', '0 UO -']);
    first.socket.destroy();
    await until(() => running.lines.length === 2);
    const third = connect();
    await until(() => third.text === 'hello');
    third.socket.destroy();
  });
});

describe('a connection', () => {
  /** How many there were; with `untilClosed` each request waits until the connection of the one before is closed. */
  const connectionsOf = async (
    connections: Partial<ClusterConfig['connections']>,
    requests: number,
    untilClosed = false,
  ): Promise<number> => {
    let opened = 0;
    let closed = 0;
    const server = http.createServer((_request, response) => void response.end());
    server.on('connection', (socket) => {
      opened++;
      socket.on('close', () => closed++);
    });
    const { port } = keep(await listen(server));
    const running = await serve(cluster('a', [port], { connections: { ...keptConnections, ...connections } }));
    for (let i = 0; i < requests; i++) {
      if (untilClosed) await until(() => closed === i);
      assert.equal((await get(running.port(), '/')).status, 200);
    }
    return opened;
  };

  it('serves one request after the other', async () => assert.equal(await connectionsOf({}, 3), 1));
  it('serves as many as it may', async () => assert.equal(await connectionsOf({ maxRequests: 2 }, 4), 2));
  it('ends when it has lasted long enough', async () =>
    assert.equal(await connectionsOf({ maxDurationMs: 20 }, 3, true), 3));
  it('ends when it has idled long enough', async () =>
    assert.equal(await connectionsOf({ idleTimeoutMs: 20 }, 3, true), 3));
});
