// HTTP/1.1 connections: node:http parses, the connection manager serves, and what cannot be parsed gets Envoy's answer.
import http, { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createHttp1Stream } from './create-http1-stream.ts';
import type { ConnectionState, HttpServing } from './http-serving.ts';
import { refuseMalformed } from './refuse-malformed.ts';
import { serveRequest } from './serve-request.ts';

export interface Http1Server {
  serve(socket: Socket, state: ConnectionState): void;
}

/** Node's parser works per server: one for each size of headers that is allowed. */
export function createHttp1Server(maxHeaderBytes: number, serving: HttpServing): Http1Server {
  const states = new WeakMap<Duplex, ConnectionState>();
  const server = http.createServer({
    maxHeaderSize: maxHeaderBytes,
    // As Istio configures Envoy: no limit on how long a request takes. Idle connections live an hour.
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 3_600_000,
    requireHostHeader: false,
    noDelay: false,
    // Envoy closes a connection whose client has closed its half.
    insecureHTTPParser: false,
  });
  // Node drops headers over its own count silently; ours are counted and refused.
  server.maxHeadersCount = 0;
  server.timeout = 0;

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const state = states.get(request.socket);
    if (!state) {
      request.socket.destroy();
      return;
    }
    if (request.rawHeaders.length / 2 > state.manager().maxRequestHeadersCount) {
      refuseMalformed(request.socket, state, serving, { kind: 'too-many-headers' });
      return;
    }
    serveRequest(createHttp1Stream(request, response), state, serving);
  };
  server.on('request', onRequest);
  // Whoever asks to be told to continue is told so by the endpoint.
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', onRequest);
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.shouldKeepAlive = false;
    response.on('finish', () => socket.end());
    onRequest(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const state = states.get(socket);
    if (!state || error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const kind = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers-too-large' : 'malformed';
    refuseMalformed(socket as Socket, state, serving, { kind });
  });

  return {
    serve: (socket, state) => {
      states.set(socket, state);
      server.emit('connection', socket);
    },
  };
}
