// HTTP/2 connections, by ALPN or prior knowledge: node:http2 parses, the connection manager serves.
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import type { HttpConnectionManager } from '../config/engine-config.ts';
import { createHttp2Stream } from './create-http2-stream.ts';
import type { ConnectionState, HttpServing } from './http-serving.ts';
import { serveRequest } from './serve-request.ts';

const { constants } = http2;

const settingsOf = ({ limits }: HttpConnectionManager): http2.Settings => ({
  enablePush: false,
  enableConnectProtocol: false,
  initialWindowSize: limits.initialStreamWindowBytes,
  maxConcurrentStreams: limits.maxConcurrentStreams,
  // One over our own limit: a request between both is refused by us, with Envoy's code.
  maxHeaderListSize: 128 * 1024,
});

export interface Http2Connection {
  /** GOAWAY; streams in flight end, then the connection closes. */
  drain(): void;
}

export function serveHttp2(socket: Socket, state: ConnectionState, serving: HttpServing): Http2Connection {
  const manager = state.manager();
  const session = http2.performServerHandshake(socket, {
    settings: settingsOf(manager),
    maxHeaderListPairs: 2 * manager.maxRequestHeadersCount + 32,
    maxSessionRejectedStreams: 100,
  });
  session.setTimeout(0);
  session.setLocalWindowSize(manager.limits.initialConnectionWindowBytes);
  session.on('error', () => {});
  session.on('stream', (stream, _headers, flags, rawHeaders) => {
    const raw: readonly string[] = rawHeaders;
    if (raw.length / 2 > manager.maxRequestHeadersCount || sizeOf(raw) > manager.maxRequestHeadersKb * 1024) {
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return;
    }
    if (
      state.manager().headersWithUnderscores === 'REJECT_REQUEST' &&
      raw.some((text, i) => i % 2 === 0 && text.includes('_'))
    ) {
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
