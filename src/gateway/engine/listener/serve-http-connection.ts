// HTTP on one connection: which version it speaks, and how it comes to an end without failing a request.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { DownstreamLimits, HttpConnectionManager } from '../config/engine-config.ts';
import type { DownstreamConnection } from '../http/downstream-stream.ts';
import type { ConnectionState, HttpServing } from '../http/http-serving.ts';
import { createHttp1Server, type Http1Server } from '../http/serve-http1.ts';
import { type Http2Connection, serveHttp2 } from '../http/serve-http2.ts';
import { type ListenerStatistics, listenerAnswers } from '../statistics/connection-statistics.ts';
import type { CountedConnection } from './count-connection.ts';
import { peekSocket } from './peek-socket.ts';

export interface ServedConnection {
  /** Requests to come are served by it. */
  adopt(manager: HttpConnectionManager): void;
  drain(options: { readonly idle: boolean }): void;
  /** Requests are under way. */
  isBusy(): boolean;
}

/** The HTTP/1.1 parsers, shared by all connections with the same limits. */
export interface HttpConnections {
  http1(maxHeaderBytes: number): Http1Server;
}

export function createHttpConnections(serving: HttpServing): HttpConnections {
  const servers = new Map<number, Http1Server>();
  return {
    http1: (maxHeaderBytes) => {
      const known = servers.get(maxHeaderBytes) ?? createHttp1Server(maxHeaderBytes, serving);
      servers.set(maxHeaderBytes, known);
      return known;
    },
  };
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function serveHttpConnection(
  socket: Socket,
  connection: DownstreamConnection,
  initial: HttpConnectionManager,
  serving: {
    readonly http: HttpServing;
    readonly httpConnections: HttpConnections;
    readonly statistics: ListenerStatistics;
    readonly counting: CountedConnection;
  },
): ServedConnection {
  let manager = initial;
  const statisticsOf = ({ statPrefix }: HttpConnectionManager): ReturnType<ConnectionState['statistics']> => ({
    http: serving.http.statistics.http(statPrefix),
    listener: listenerAnswers(serving.statistics, statPrefix),
  });
  let statistics = statisticsOf(initial);
  let inFlight = 0;
  let requests = 0;
  let draining = false;
  let http2: Http2Connection | undefined;
  const timers = createConnectionTimers(
    initial.limits,
    () => inFlight === 0,
    (reason) => {
      statistics.http.counters[reason]++;
      drain({ idle: true });
    },
  );
  socket.once('close', timers.stop);
  const { counting } = serving;
  counting.carries(socket);

  const closeIfIdle = (): void => {
    if (!draining || inFlight > 0 || http2) return;
    // The last answer may still be on its way out of the codec.
    setImmediate(() => {
      if (inFlight === 0) socket.destroySoon();
    });
  };
  const state: ConnectionState = {
    connection,
    manager: () => manager,
    statistics: () => statistics,
    draining: () => draining,
    requestStarted: () => {
      inFlight++;
      requests++;
    },
    requestEnded: () => {
      if (--inFlight === 0) timers.idle();
      closeIfIdle();
    },
  };
  const startHttp2 = (): void => {
    counting.protocol('http2');
    http2 = serveHttp2(socket, state, serving.http);
    if (draining) http2.drain();
  };
  const startHttp1 = (): void => {
    counting.protocol('http1');
    serving.httpConnections.http1(manager.maxRequestHeadersKb * 1024).serve(socket, state);
    socket.resume();
  };

  const negotiated = socket instanceof TLSSocket ? socket.alpnProtocol : undefined;
  if (negotiated === 'h2') startHttp2();
  else if (negotiated === 'http/1.1') startHttp1();
  else
    peekSocket(socket, 0, decidesPreface, (peeked) => {
      if (peeked.kind !== 'bytes') socket.destroy();
      else if (startsWithPreface(peeked.bytes)) startHttp2();
      else startHttp1();
    });

  return {
    adopt: (next) => {
      manager = next;
      statistics = statisticsOf(next);
    },
    drain,
    isBusy: () => inFlight > 0,
  };

  function drain({ idle }: { readonly idle: boolean }): void {
    draining = true;
    http2?.drain();
    if (idle || requests === 0) closeIfIdle();
  }
}

interface ConnectionTimers {
  /** The last request in flight ended. */
  idle(): void;
  stop(): void;
}

/** `expire` is called when the connection was without requests, or just there, for too long. */
function createConnectionTimers(
  limits: DownstreamLimits,
  isIdle: () => boolean,
  expire: (reason: 'downstream_cx_idle_timeout' | 'downstream_cx_max_duration_reached') => void,
): ConnectionTimers {
  const after = (ms: number, then: () => void) => (ms === 0 ? undefined : setTimeout(then, ms).unref());
  const duration = after(limits.maxConnectionDurationMs, () => expire('downstream_cx_max_duration_reached'));
  // Runs on through requests, and is set back by their end: cheaper than a timer for each.
  const idle = after(limits.idleTimeoutMs, () => {
    if (isIdle()) expire('downstream_cx_idle_timeout');
  });
  return {
    idle: () => idle?.refresh(),
    stop: () => {
      clearTimeout(duration);
      clearTimeout(idle);
    },
  };
}

/** Enough bytes to tell HTTP/2 with prior knowledge from a request line: no HTTP/1.1 method begins with `PRI `. */
function decidesPreface(bytes: Buffer): boolean {
  return bytes.length >= preface.length || !preface.subarray(0, bytes.length).equals(bytes);
}

function startsWithPreface(bytes: Buffer): boolean {
  return bytes.length >= preface.length && bytes.subarray(0, preface.length).equals(preface);
}
