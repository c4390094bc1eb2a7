// Connections that change protocols: the bytes after the handshake, and what becomes of them at either end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import type { Route } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
  cluster,
  engineConfig,
  exchangeBytes,
  filterChain,
  forwardRoute,
  httpManager,
  listen,
  listener,
  type RunningEngine,
  routeTable,
  runEngine,
  until,
} from '../engine-fixture.ts';

const { cleanups } = cleanUpAfterEach();

const format = { kind: 'text', template: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%' } as const;

async function serve(
  backend: net.Server,
  protocol: 'http1' | 'http2' = 'http1',
  route: Partial<Route> = {},
): Promise<RunningEngine> {
  const { port, stop } = await listen(backend);
  cleanups.push(() => stop());
  const manager = httpManager({
    upgradeTypes: ['websocket'],
    accessLogs: [{ path: '/dev/stdout', format, conditions: [] }],
  });
  const engine = await runEngine(
    engineConfig({
      listeners: [listener([filterChain(manager)])],
      routes: [routeTable([forwardRoute('/', 'echo', route)])],
      clusters: [cluster('echo', [port], { protocol })],
    }),
  );
  cleanups.push(() => engine.stop());
  return engine;
}

const handshake = (more = ''): string =>
  `GET /chat HTTP/1.1\r\nhost: a.example.com\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n${more}\r\n`;

/** Accepts the upgrade, and returns in capitals what comes until it is `quit`. */
function shoutingServer(): http.Server {
  const server = http.createServer((_request, response) => response.writeHead(403).end('no'));
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    const { connection, upgrade } = request.headers;
    socket.write(`HTTP/1.1 101 Go\r\nconnection: Upgrade\r\nupgrade: ${upgrade}\r\nx-asked: ${connection}\r\n\r\n`);
    const shout = (data: Buffer): void => {
      if (data.toString() === 'quit') socket.end('BYE');
      else if (data.length > 0) socket.write(data.toString().toUpperCase());
    };
    shout(head);
    socket.on('data', shout);
    socket.on('error', () => {});
  });
  return server;
}

async function connect(engine: RunningEngine, first: string): Promise<{ socket: net.Socket; text: () => string }> {
  const socket = net.connect(engine.port(), '127.0.0.1');
  cleanups.push(async () => void socket.destroy());
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.write(first);
  return { socket, text: () => received };
}

describe('an upgrade', () => {
  it('carries bytes both ways, those sent with the handshake too, until the client leaves', async () => {
    const engine = await serve(shoutingServer());
    const { socket, text } = await connect(engine, `${handshake()}early`);
    await until(() => text().endsWith('EARLY'));
    assert.match(text(), /^HTTP\/1.1 101 Switching Protocols\r\n/);
    assert.match(text(), /\r\nconnection: Upgrade\r\nupgrade: WebSocket\r\nx-asked: keep-alive, Upgrade\r\n/);
    assert.doesNotMatch(text(), /x-envoy-upstream-service-time|connection: close/);
    socket.write('late');
    await until(() => text().endsWith('LATE'));
    socket.end();
    await until(() => engine.lines.length === 1);
    assert.deepEqual(engine.lines, ['101 DC downstream_remote_disconnect']);
  });

  it('ends with all that the endpoint sent when that leaves', async () => {
    const engine = await serve(shoutingServer());
    const { socket, text } = await connect(engine, handshake());
    await until(() => text().includes('\r\n\r\n'));
    socket.write('quit');
    await once(socket, 'close');
    assert.match(text(), /\r\n\r\nBYE$/);
    assert.deepEqual(engine.lines, ['101 UC upstream_reset_after_response_started{connection_termination}']);
  });

  it('passes an answer on that accepts nothing, and closes', async () => {
    const refusing = http.createServer();
    refusing.on('upgrade', (_request, socket: Duplex) =>
      socket.write('HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno'),
    );
    const engine = await serve(refusing);
    const { socket, text } = await connect(engine, `${handshake()}early`);
    await once(socket, 'end');
    socket.end();
    assert.match(text(), /^HTTP\/1.1 403 Forbidden\r\n[\s\S]*connection: close\r\n\r\nno$/);
    await until(() => engine.lines.length === 1);
    assert.deepEqual(engine.lines, ['403 - via_upstream']);
  });

  it('is an extended CONNECT to endpoints that speak HTTP/2', async () => {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } });
    server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
      stream.respond({
        ':status': 200,
        'x-asked': `${headers[':method']} ${headers[':protocol']} ${headers[':path']}`,
      });
      stream.on('data', (data) => stream.write(data.toString().toUpperCase()));
      stream.on('error', () => {});
    });
    const engine = await serve(server as unknown as net.Server, 'http2');
    const { socket, text } = await connect(engine, handshake());
    await until(() => text().includes('\r\n\r\n'));
    assert.match(text(), /^HTTP\/1.1 101 [\s\S]*x-asked: CONNECT websocket \/chat\r\n/);
    socket.write('frame');
    await until(() => text().endsWith('FRAME'));
  });

  it('is refused by endpoints of HTTP/2 that know no such thing', async () => {
    const engine = await serve(
      http2.createServer({ settings: { enableConnectProtocol: true } }, (_request, response) =>
        response.end(),
      ) as unknown as net.Server,
      'http2',
    );
    assert.match(await exchangeBytes(engine.port(), handshake()), /^HTTP\/1.1 405 /);
    assert.match(await exchangeBytes(engine.port(), handshake()), /^HTTP\/1.1 405 /);
  });

  it('survives 101 from an endpoint that nobody asked for another protocol', async () => {
    const lying = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.write('HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'));
    });
    const engine = await serve(lying);
    const answer = await exchangeBytes(engine.port(), 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    assert.match(answer, /^HTTP\/1.1 50[23] /);
  });
});
