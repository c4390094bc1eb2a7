// Forwarding to upstreams: pools, retries, resets and bodies, with real sockets on both sides.
import assert from 'node:assert/strict';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { ClusterConfig, ForwardAction, Route } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
  cluster,
  defaultRetryPolicy,
  engineConfig,
  exchangeBytes,
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

const { cleanups, keep } = cleanUpAfterEach();

const format = {
  kind: 'text',
  template:
    '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_TRANSPORT_FAILURE_REASON%\n',
} as const;

async function serve(clusters: readonly ClusterConfig[], routes: readonly Route[]): Promise<RunningEngine> {
  const manager = httpManager({ accessLogs: [{ path: '/dev/stdout', format, conditions: [] }] });
  return keep(
    await runEngine(
      engineConfig({ listeners: [listener([filterChain(manager)])], routes: [routeTable(routes)], clusters }),
    ),
  );
}

function route(overrides: Partial<ForwardAction> = {}, name = 'echo'): Route {
  const action = forwardRoute('/', name).action as ForwardAction;
  return { ...forwardRoute('/', name), action: { ...action, ...overrides } };
}

/** A port nobody listens on. */
async function refusedPort(): Promise<number> {
  const server = net.createServer();
  const backend = await listen(server);
  await backend.stop();
  return backend.port;
}

const connectError = 'upstream connect error or disconnect/reset before headers. ';

describe('forwardRequest', () => {
  it('says no healthy upstream where there is no endpoint, to gRPC clients in their way', async () => {
    const running = await serve([cluster('echo', [])], [route()]);
    const answer = await get(running.port(), '/');
    assert.deepEqual([answer.status, answer.body], [503, 'no healthy upstream']);
    const grpc = await get(running.port(), '/', { method: 'POST', headers: { 'content-type': 'application/grpc' } });
    assert.equal(grpc.status, 200);
    assert.equal(grpc.headers['grpc-status'], '14');
    assert.equal(grpc.headers['grpc-message'], 'no healthy upstream');
    assert.equal(running.lines[0], '503 UH no_healthy_upstream 0 19 -');
  });

  it('says why an endpoint could not be reached', async () => {
    const port = await refusedPort();
    const running = await serve([cluster('echo', [port])], [route({ retry: undefined })]);
    const answer = await get(running.port(), '/');
    assert.deepEqual([answer.status, answer.body], [503, `${connectError}reset reason: remote connection failure`]);
    assert.equal(
      running.lines[0],
      '503 UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused} 0 98 delayed_connect_error:_Connection_refused',
    );
  });

  it('retries a refused connection as the policy says, then says that it did', async () => {
    const port = await refusedPort();
    const running = await serve([cluster('echo', [port])], [route()]);
    const answer = await get(running.port(), '/', { method: 'POST' }, 'x');
    assert.equal(answer.status, 503);
    assert.equal(answer.body, `${connectError}retried and the latest reset reason: remote connection failure`);
    assert.match(running.lines[0] ?? '', /^503 UF,URX /);
  });

  it('finds the endpoint that works', async () => {
    const backend = keep(await httpBackend((_request, response) => response.end('ok')));
    const port = await refusedPort();
    const running = await serve([cluster('echo', [backend.port, port])], [route()]);
    for (let i = 0; i < 30; i++) assert.equal((await get(running.port(), '/', { method: 'POST' }, 'body')).status, 200);
  });

  it('tries again with the same body on a status the policy names', async () => {
    const bodies: string[] = [];
    const attempts: string[] = [];
    const backend = keep(
      await httpBackend(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        bodies.push(body);
        attempts.push(String(request.headers['x-envoy-attempt-count']));
        response.statusCode = bodies.length < 3 ? 503 : 200;
        response.end('answer');
      }),
    );
    const retry = { ...defaultRetryPolicy, retryOn: ['5xx'] };
    const running = await serve([cluster('echo', [backend.port])], [route({ retry })]);
    const answer = await get(running.port(), '/', { method: 'POST' }, 'hello');
    assert.deepEqual([answer.status, answer.body], [200, 'answer']);
    assert.deepEqual(bodies, ['hello', 'hello', 'hello']);
    assert.deepEqual(attempts, ['1', '2', '3']);
  });

  it('does not retry a reset by default, and tells it from other failures', async () => {
    let requests = 0;
    const backend = keep(
      await listen(
        net.createServer((socket) =>
          socket.on('data', (data) => {
            requests++;
            if (data.toString().startsWith('GET /garbage')) socket.write('SSH-2.0-x\r\n\r\n');
            else socket.destroy();
          }),
        ),
      ),
    );
    const running = await serve([cluster('echo', [backend.port])], [route()]);
    const reset = await get(running.port(), '/');
    assert.deepEqual([reset.status, reset.body], [503, `${connectError}reset reason: connection termination`]);
    const garbage = await get(running.port(), '/garbage');
    assert.deepEqual([garbage.status, garbage.body], [502, `${connectError}reset reason: protocol error`]);
    assert.equal(requests, 2);
    assert.match(running.lines[0] ?? '', /^503 UC upstream_reset_before_response_started\{connection_termination\}/);
    assert.match(running.lines[1] ?? '', /^502 UPE upstream_reset_before_response_started\{protocol_error\}/);
  });

  it('gives up after the timeout of the route', async () => {
    const backend = keep(await httpBackend(() => {}));
    const running = await serve([cluster('echo', [backend.port])], [route({ timeoutMs: 50, retry: undefined })]);
    const answer = await get(running.port(), '/');
    assert.deepEqual([answer.status, answer.body], [504, 'upstream request timeout']);
    assert.match(running.lines[0] ?? '', /^504 UT response_timeout/);
  });

  it('breaks the answer off when the endpoint does', async () => {
    const backend = keep(
      await httpBackend((_request, response) => {
        response.writeHead(200, { 'content-length': '10' });
        response.write('abc', () => response.destroy());
      }),
    );
    const running = await serve([cluster('echo', [backend.port])], [route()]);
    const received = await exchangeBytes(running.port(), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(received, /\r\n\r\nabc$/);
    assert.match(running.lines[0] ?? '', /^200 UC upstream_reset_after_response_started\{connection_termination\} 0 3/);
  });

  it('tells the endpoint when the client goes away', async () => {
    let aborted = false;
    const backend = keep(
      await httpBackend((request) => {
        request.on('close', () => {
          aborted = true;
        });
      }),
    );
    const running = await serve([cluster('echo', [backend.port])], [route()]);
    const socket = net.connect(running.port(), '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.on('error', () => {});
    setTimeout(() => socket.destroy(), 30);
    await until(() => aborted && running.lines.length === 1);
    assert.match(running.lines[0] ?? '', /^0 DC downstream_remote_disconnect/);
  });

  it('uses connections again, and drops those of endpoints that left', async () => {
    const seen = new Set<number | undefined>();
    const backend = keep(
      await httpBackend((request, response) => {
        seen.add(request.socket.remotePort);
        response.end();
      }),
    );
    const running = await serve([cluster('echo', [backend.port])], [route()]);
    for (let i = 0; i < 5; i++) await get(running.port(), '/');
    assert.equal(seen.size, 1);
    const config = (ports: readonly number[]) =>
      engineConfig({
        listeners: [listener([filterChain(httpManager())])],
        routes: [routeTable([route()])],
        clusters: [cluster('echo', ports)],
      });
    running.engine.apply(config([]));
    assert.equal((await get(running.port(), '/')).status, 503);
    running.engine.apply(config([backend.port]));
    assert.equal((await get(running.port(), '/')).status, 200);
    assert.equal(seen.size, 2);
  });

  it('sends a request again that met a closing idle connection', async () => {
    let connections = 0;
    const backend = keep(
      await listen(
        net.createServer((socket) => {
          const first = ++connections === 1;
          let requests = 0;
          socket.on('data', () => {
            requests++;
            if (first && requests > 1) socket.destroy();
            else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
          });
        }),
      ),
    );
    const running = await serve([cluster('echo', [backend.port])], [route()]);
    assert.equal((await get(running.port(), '/')).body, 'ok');
    const until = performance.now() + 1100;
    await new Promise<void>((resolve) => {
      const wait = (): void => void (performance.now() > until ? resolve() : setTimeout(wait, 50));
      wait();
    });
    assert.equal((await get(running.port(), '/')).body, 'ok');
    assert.equal(connections, 2);
  });

  it('holds neither side back more than its buffers: a client that stops reading stops the endpoint', async () => {
    let written = 0;
    let stopped = false;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const total = 2000;
    const backend = keep(
      await httpBackend((_request, response) => {
        const pump = (): void => {
          while (written < total) {
            written++;
            if (!response.write(chunk)) {
              stopped = true;
              response.once('drain', () => {
                stopped = false;
                pump();
              });
              return;
            }
          }
          response.end();
        };
        pump();
      }),
    );
    const running = await serve([cluster('echo', [backend.port])], [route()]);
    const body = await new Promise<number>((resolve, reject) => {
      http.get({ host: '127.0.0.1', port: running.port(), agent: false }, (response) => {
        response.pause();
        let before = -1;
        const look = setInterval(() => {
          // Nothing has moved between two looks: all buffers are full.
          if (!stopped || before !== written) {
            before = written;
            return;
          }
          clearInterval(look);
          if (written === total) reject(new Error('the endpoint was never held back'));
          let size = 0;
          response.on('data', (data: Buffer) => {
            size += data.length;
          });
          response.on('end', () => resolve(size));
          response.resume();
        }, 50);
      });
    });
    assert.equal(body, total * chunk.length);
  });

  it('streams a large upload to an endpoint that reads slowly', async () => {
    let size = 0;
    const backend = keep(
      await httpBackend(async (request, response) => {
        for await (const chunk of request) size += chunk.length;
        response.end(String(size));
      }),
    );
    const running = await serve([cluster('echo', [backend.port])], [route()]);
    const answer = await get(running.port(), '/', { method: 'PUT' }, 'x'.repeat(8_000_000));
    assert.equal(answer.body, '8000000');
    assert.match(running.lines[0] ?? '', / 8000000 7 -$/);
  });

  it('speaks HTTP/2 to endpoints that want it, gRPC trailers included', async () => {
    const server = http2.createServer();
    const paths: string[] = [];
    server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
      paths.push(`${headers[':path']} ${headers[':authority']} ${headers[':scheme']} ${headers.te}`);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
    const backend = keep(await listen(server as unknown as net.Server));
    const running = await serve([cluster('echo', [backend.port], { protocol: 'http2' })], [route()]);
    const session = http2.connect(`http://127.0.0.1:${running.port()}`);
    cleanups.push(async () => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/pkg.Service/Method',
      ':authority': 'a.example.com',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let body = '';
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on('data', (chunk) => {
      body += chunk;
    });
    stream.on('trailers', (received) => {
      trailers = received;
    });
    stream.write('ping');
    await until(() => body === 'ping');
    stream.end('pong');
    await new Promise((resolve) => stream.on('close', resolve));
    assert.equal(body, 'pingpong');
    assert.equal(trailers['grpc-status'], '0');
    assert.deepEqual(paths, ['/pkg.Service/Method a.example.com http trailers']);
  });

  it('retries a gRPC answer that says unavailable', async () => {
    let requests = 0;
    const server = http2.createServer();
    server.on('stream', (stream: http2.ServerHttp2Stream) => {
      requests++;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true });
    });
    const backend = keep(await listen(server as unknown as net.Server));
    const running = await serve([cluster('echo', [backend.port], { protocol: 'http2' })], [route()]);
    const answer = await get(running.port(), '/', { method: 'POST', headers: { 'content-type': 'application/grpc' } });
    assert.equal(answer.headers['grpc-status'], '14');
    assert.equal(requests, 3);
  });
});
