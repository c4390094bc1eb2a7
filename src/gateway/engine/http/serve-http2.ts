// HTTP/2 connections, by ALPN or prior knowledge: node:http2 parses, the connection manager serves.
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import { createHttp2Stream } from './create-http2-stream.ts';
import type { ConnectionState, HttpServing } from './http-serving.ts';
import { serveRequest } from './serve-request.ts';

const { constants } = http2;

/** As Envoy: a stream's window is 256 KiB and more here only costs memory per client that stops reading. */
const settings: http2.Settings = {
  enablePush: false,
  enableConnectProtocol: false,
  initialWindowSize: 256 * 1024,
  maxConcurrentStreams: 1024,
  // One over our own limit: a request between both is refused by us, with Envoy's code.
  maxHeaderListSize: 128 * 1024,
};

export interface Http2Connection {
  /** GOAWAY; streams in flight end, then the connection closes. */
  drain(): void;
}

export function serveHttp2(socket: Socket, state: ConnectionState, serving: HttpServing): Http2Connection {
  const manager = state.manager();
  const session = http2.performServerHandshake(socket, {
    settings,
    maxHeaderListPairs: 2 * manager.maxRequestHeadersCount + 32,
    maxSessionRejectedStreams: 100,
  });
  session.setTimeout(0);
  session.on('error', () => {});
  session.on('stream', (stream, _headers, flags, rawHeaders) => {
    const raw: readonly string[] = rawHeaders;
    if (raw.length / 2 > manager.maxRequestHeadersCount || sizeOf(raw) > manager.maxRequestHeadersKb * 1024) {
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return;
    }
    serveRequest(createHttp2Stream(stream, flags, raw), state, serving);
  });
  return {
    drain: () => {
      if (!session.closed && !session.destroyed) session.close();
    },
  };
}

function sizeOf(raw: readonly string[]): number {
  let size = 0;
  for (const text of raw) size += text.length;
  return size;
}
