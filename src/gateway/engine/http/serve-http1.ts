// HTTP/1.1 connections: node:http parses, the connection manager serves, and what cannot be parsed gets Envoy's answer.
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { wantsUpgrade } from './check-request.ts';
import { createHttp1Stream, type Http1Stream, type Http1StreamOwner } from './create-http1-stream.ts';
import { createLastResponse, createUpgradeStream } from './create-upgrade-stream.ts';
import type { ConnectionState, HttpServing } from './http-serving.ts';
import { refuseMalformed } from './refuse-malformed.ts';
import { serveRequest } from './serve-request.ts';
import { type MarkRequest, watchRequestHeaders } from './watch-request-headers.ts';

export interface Http1Server {
  serve(socket: Socket, state: ConnectionState): void;
}

/** Node's parser works per server: one for each size of headers that is allowed. */
interface Http1Connection {
  readonly state: ConnectionState;
  /** The request being answered; those behind it wait, and the client with them. */
  current: Http1Stream | undefined;
  readonly waiting: (() => void)[];
  /** The last answer has begun: what still comes is dropped. */
  closing: boolean;
  markRequest?: MarkRequest;
}

type CreateStream = (owner: Http1StreamOwner) => Http1Stream;

export function createHttp1Server(maxHeaderBytes: number, serving: HttpServing): Http1Server {
  const connections = new WeakMap<Duplex, Http1Connection>();
  const server = http.createServer({
    maxHeaderSize: maxHeaderBytes,
    // How long clients may take is the connection manager's to say.
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 0,
    requireHostHeader: false,
    shouldUpgradeCallback: ({ headers }) => wantsUpgrade(headers.upgrade, headers.connection) !== undefined,
  });
  // Node drops headers over its own count silently; ours are counted and refused.
  server.maxHeadersCount = 0;
  server.timeout = 0;

  const serve = (connection: Http1Connection, request: IncomingMessage, create: CreateStream): void => {
    const { state } = connection;
    const { socket } = request;
    if (request.rawHeaders.length / 2 > state.manager().maxRequestHeadersCount) {
      connection.closing = true;
      refuseMalformed(socket, state, serving, { kind: 'too-many-headers' });
      return;
    }
    const stream = create({
      onLastAnswer: () => {
        connection.closing = true;
      },
      onClosed: () => {
        connection.current = undefined;
        connection.markRequest?.();
        if (connection.closing) return;
        const next = connection.waiting.shift();
        if (connection.waiting.length === 0) socket.resume();
        next?.();
      },
    });
    connection.current = stream;
    connection.markRequest?.();
    serveRequest(stream, state, serving);
  };

  const receive = (request: IncomingMessage, create: CreateStream): void => {
    const { socket } = request;
    const connection = connections.get(socket);
    if (!connection) socket.destroy();
    else if (connection.closing) return;
    else if (connection.current) {
      // One after the other, as Envoy; a client that sends ahead is read no further than what is there.
      connection.waiting.push(() => serve(connection, request, create));
      socket.pause();
    } else serve(connection, request, create);
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    receive(request, (owner) => createHttp1Stream(request, response, owner));
  server.on('request', onRequest);
  // Whoever asks to be told to continue is told so by the endpoint.
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', onRequest);
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    onRequest(request, createLastResponse(request, socket as Socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, sent: Buffer) =>
    receive(request, (owner) => createUpgradeStream(request, socket as Socket, sent, owner)),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const connection = connections.get(socket);
    // After the last answer anything may come: nobody listens, and the connection closes by itself.
    if (connection?.closing) return;
    if (!connection || error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    if (connection.current) {
      // The body breaks a rule, or what follows it does: either way the request in flight is the last one.
      if (connection.current.requestComplete) socket.destroy();
      else connection.current.failProtocol();
      return;
    }
    connection.closing = true;
    const kind = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers-too-large' : 'malformed';
    refuseMalformed(socket as Socket, connection.state, serving, { kind });
  });

  const refuseSlow = (socket: Socket): void => {
    const connection = connections.get(socket);
    if (!connection || connection.current || connection.closing) return;
    connection.closing = true;
    refuseMalformed(socket, connection.state, serving, { kind: 'too-slow' });
  };

  return {
    serve: (socket, state) => {
      const connection: Http1Connection = { state, current: undefined, waiting: [], closing: false };
      connections.set(socket, connection);
      const { requestHeadersTimeoutMs } = state.manager().limits;
      if (requestHeadersTimeoutMs > 0)
        connection.markRequest = watchRequestHeaders(socket, requestHeadersTimeoutMs, {
          isServing: () => connection.current !== undefined || connection.closing,
          onTimeout: () => refuseSlow(socket),
        });
      server.emit('connection', socket);
    },
  };
}
