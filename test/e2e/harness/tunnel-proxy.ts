// An HTTP proxy that TCP connections are tunneled to: its target is itself, which says what it hears.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AuthzServer, Check } from './authz-server.ts';

export interface TunnelProxyDefinition {
  readonly kind: 'tunnel-http1' | 'tunnel-http2';
  readonly addr: string;
  readonly port: number;
  /** Of its answers; default 200. */
  readonly status?: number;
}

const checkOf = (method = '', path: string | undefined, authority = ''): Check => ({
  method,
  path,
  headers: [[':authority', authority]],
});

function createHttp1Proxy({ addr, port, status = 200 }: TunnelProxyDefinition, checks: Check[]): Server {
  const server = http.createServer((request, response) => {
    checks.push(checkOf(request.method, request.url, request.headers.host));
    request.on('error', () => {});
    response.writeHead(status);
    response.flushHeaders();
    if (status >= 300) response.end();
    request.on('data', (chunk: Buffer) => response.write(`${addr}:${port}> ${chunk}`));
    request.on('end', () => response.end());
  });
  server.on('connect', (request, socket: Duplex, head) => {
    checks.push(checkOf(request.method, request.url, request.headers.host));
    socket.on('error', () => {});
    // What it says of a body is not true, and nobody is to believe it.
    socket.write(`HTTP/1.1 ${status} Status\r\ncontent-length: ${status < 300 ? 1000 : 0}\r\n\r\n`);
    if (status >= 300) return;
    const echo = (chunk: Buffer) => void socket.write(`${addr}:${port}> ${chunk}`);
    if (head.length > 0) echo(head);
    socket.on('data', echo);
    socket.on('end', () => socket.end());
  });
  return server;
}

function serveHttp2(
  { addr, port, status = 200 }: TunnelProxyDefinition,
  checks: Check[],
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
): void {
  checks.push(checkOf(headers[':method'], headers[':path'], headers[':authority']));
  stream.on('error', () => {});
  stream.respond({ ':status': status }, { endStream: status >= 300 });
  if (status >= 300) return;
  stream.on('data', (chunk: Buffer) => stream.write(`${addr}:${port}> ${chunk}`));
  stream.on('end', () => stream.end('the end'));
}

function createHttp2Proxy(definition: TunnelProxyDefinition, checks: Check[]): Server {
  const server = http2.createServer();
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) =>
    serveHttp2(definition, checks, stream, headers),
  );
  server.on('sessionError', () => {});
  return server;
}

/** Over HTTP/2 it says `the end` once the client has ended, over HTTP/1.1 both end together. */
export async function startTunnelProxy(definition: TunnelProxyDefinition): Promise<AuthzServer> {
  const checks: Check[] = [];
  const server =
    definition.kind === 'tunnel-http2' ? createHttp2Proxy(definition, checks) : createHttp1Proxy(definition, checks);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(definition.port, definition.addr);
  await once(server, 'listening');
  return {
    drain: () => checks.splice(0),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
