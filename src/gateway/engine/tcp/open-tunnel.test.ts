// TCP through HTTP proxies: what is asked of them, both directions with back-pressure, and how tunnels end.
import assert from 'node:assert/strict';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import type { TcpProxy, TcpTunnel } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
  cluster,
  engineConfig,
  filterChain,
  listen,
  listener,
  type RunningEngine,
  runEngine,
  until,
} from '../engine-fixture.ts';

const { cleanups, keep } = cleanUpAfterEach();
const size = 5_000_000;
const connect: TcpTunnel = { method: 'CONNECT', target: 'target:443' };
const post: TcpTunnel = { method: 'POST', target: 'target:443', path: '/tunnel' };

const format = {
  kind: 'text',
  template: '%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_TRANSPORT_FAILURE_REASON%\n',
} as const;

async function serve(
  server: net.Server,
  tunnel: TcpTunnel,
  protocol: 'http1' | 'http2',
  idleTimeoutMs = 0,
): Promise<RunningEngine> {
  const backend = keep(await listen(server));
  const proxy: TcpProxy = {
    kind: 'tcp',
    statPrefix: 'tcp',
    clusters: { entries: [{ cluster: 'tcp', weight: 1 }], totalWeight: 1 },
    idleTimeoutMs,
    tunnel,
    accessLogs: [{ path: '/dev/stdout', format, conditions: [] }],
  };
  const config = { ...cluster('tcp', [backend.port]), protocol };
  return keep(await runEngine(engineConfig({ listeners: [listener([filterChain(proxy)])], clusters: [config] })));
}

interface Talk {
  readonly socket: net.Socket;
  bytes: number;
  text: string;
  ended: boolean;
}

function talk(running: RunningEngine): Talk {
  const socket = net.connect({ port: running.port(), host: '127.0.0.1', allowHalfOpen: true });
  const state: Talk = { socket, bytes: 0, text: '', ended: false };
  cleanups.push(async () => void socket.destroy());
  socket.on('data', (chunk) => {
    state.bytes += chunk.length;
    if (state.text.length < 1000) state.text += chunk.toString('latin1');
  });
  for (const event of ['end', 'error', 'close'] as const)
    socket.on(event, () => {
      state.ended = true;
    });
  return state;
}

/** Answers CONNECT with `head`, then hands the connection over. */
function connectProxy(head: string, use: (socket: Duplex) => void): net.Server {
  return http.createServer().on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => {});
    socket.write(head);
    use(socket);
  });
}

const ok = 'HTTP/1.1 200 OK\r\n\r\n';

describe('openTunnel over HTTP/1.1', () => {
  it('carries large payloads both ways, and ends with the client', async () => {
    let heard = 0;
    let closed = false;
    const server = connectProxy(ok, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.length;
        socket.write(chunk);
      });
      socket.on('end', () => {
        closed = true;
      });
    });
    const running = await serve(server, connect, 'http1');
    const client = talk(running);
    client.socket.write(Buffer.alloc(size, 'x'));
    await until(() => client.bytes === size);
    assert.equal(heard, size);
    client.socket.end();
    await until(() => closed && client.ended && running.lines.length === 1);
    assert.equal(running.lines[0], `- ${size} ${size} -`);
  });

  it('delivers what the client said before it ended', async () => {
    let heard = 0;
    const server = connectProxy(ok, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.length;
      });
    });
    const client = talk(await serve(server, connect, 'http1'));
    client.socket.end(Buffer.alloc(size, 'x'));
    await until(() => heard === size && client.ended);
  });

  it('delivers what the target said before it ended', async () => {
    const server = connectProxy(ok, (socket) => socket.end(Buffer.alloc(size, 'x')));
    const client = talk(await serve(server, connect, 'http1'));
    await until(() => client.ended);
    assert.equal(client.bytes, size);
  });

  it('takes what comes with the head of the answer', async () => {
    const server = connectProxy(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 X\r\ncontent-length: 1\r\n\r\nbanner',
      () => {},
    );
    const client = talk(await serve(server, connect, 'http1'));
    await until(() => client.text === 'banner');
  });

  it('sends a POST whose body the client speaks', async () => {
    let seen = '';
    const server = http.createServer((request, response) => {
      seen = `${request.method} ${request.headers.host}${request.url} ${request.headers['transfer-encoding']}`;
      response.flushHeaders();
      request.pipe(response);
    });
    const running = await serve(server, post, 'http1');
    const client = talk(running);
    client.socket.write('hello');
    await until(() => client.text === 'hello');
    assert.equal(seen, 'POST target:443/tunnel chunked');
    client.socket.end();
    await until(() => client.ended && running.lines.length === 1);
    assert.equal(running.lines[0], '- 5 5 -');
  });

  it('closes where the answer is a refusal, is none, or does not come whole', async () => {
    for (const [answer, log] of [
      ['HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 3\r\n\r\nno!', 'tunnel_response:407'],
      ['HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n', 'tunnel_response:302'],
      ['SSH-2.0-x\r\n\r\n', '-'],
    ] as const) {
      const running = await serve(
        connectProxy(answer, () => {}),
        connect,
        'http1',
      );
      const client = talk(running);
      client.socket.write('hello');
      await until(() => client.ended && running.lines.length === 1);
      assert.equal(client.text, '');
      assert.equal(running.lines[0], `UF,URX 0 0 ${log}`);
    }
    const running = await serve(
      connectProxy('HTTP/1.1 2', (socket) => socket.destroy()),
      connect,
      'http1',
    );
    const client = talk(running);
    await until(() => client.ended && running.lines.length === 1);
    assert.equal(running.lines[0], 'UF,URX 0 0 -');
  });

  it('gives up on a proxy that does not answer for as long as a connection may idle', async () => {
    let closed = false;
    const server = connectProxy('', (socket) => {
      socket.on('data', () => {});
      socket.on('end', () => {
        closed = true;
      });
    });
    const running = await serve(server, connect, 'http1', 50);
    const client = talk(running);
    await until(() => closed && client.ended && running.lines.length === 1);
    assert.equal(running.lines[0], 'UF,URX 0 0 -');
  });
});

describe('openTunnel over HTTP/2', () => {
  const http2Proxy = (use: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void): net.Server =>
    http2.createServer().on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
      stream.on('error', () => {});
      use(stream, headers);
    });

  it('asks with CONNECT alone, and passes each half-close', async () => {
    let seen: http2.IncomingHttpHeaders = {};
    let heard = 0;
    const server = http2Proxy((stream, headers) => {
      seen = headers;
      stream.respond({ ':status': 200 });
      stream.on('data', (chunk: Buffer) => {
        heard += chunk.length;
      });
      stream.on('end', () => stream.end(Buffer.alloc(size, 'y')));
    });
    const running = await serve(server, connect, 'http2');
    const client = talk(running);
    client.socket.end(Buffer.alloc(size, 'x'));
    await until(() => client.bytes === size && client.ended && running.lines.length === 1);
    assert.equal(heard, size);
    assert.deepEqual([seen[':method'], seen[':authority'], seen[':path']], ['CONNECT', 'target:443', undefined]);
    assert.equal(running.lines[0], `- ${size} ${size} -`);
  });

  it('shares one connection between tunnels', async () => {
    const sessions = new Set<unknown>();
    const server = http2Proxy((stream) => {
      sessions.add(stream.session);
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const running = await serve(server, post, 'http2');
    const clients = [talk(running), talk(running), talk(running)];
    for (const [i, client] of clients.entries()) client.socket.write(`client ${i}`);
    await until(() => clients.every((client, i) => client.text === `client ${i}`));
    assert.equal(sessions.size, 1);
  });

  it('closes where the answer is not 200, ends at once, or is reset', async () => {
    for (const [use, log] of [
      [(stream: http2.ServerHttp2Stream) => stream.respond({ ':status': 204 }), 'tunnel_response:204'],
      [
        (stream: http2.ServerHttp2Stream) => stream.respond({ ':status': 200 }, { endStream: true }),
        'tunnel_response:200',
      ],
      [(stream: http2.ServerHttp2Stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM), '-'],
    ] as const) {
      const running = await serve(http2Proxy(use), connect, 'http2');
      const client = talk(running);
      await until(() => client.ended && running.lines.length === 1);
      assert.equal(running.lines[0], `UF,URX 0 0 ${log}`);
    }
  });
});
