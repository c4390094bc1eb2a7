// The HTTP/2 connections to one endpoint (cleartext, prior knowledge): one carries all requests, another opens when its streams are used up.
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import type { ClusterStatistics } from '../statistics/cluster-statistics.ts';
import { connectUpstream, socketAddress } from './connect-upstream.ts';
import { countConnection } from './count-connection.ts';
import { sendHttp2Request } from './send-http2-request.ts';
import {
  type ConnectionPool,
  type HttpPoolOptions,
  overflow,
  type PendingConnection,
  type ReadyConnection,
  type UpstreamEvents,
  type UpstreamReset,
} from './upstream-stream.ts';

interface Session {
  readonly session: http2.ClientHttp2Session;
  readonly connection: ReadyConnection;
  active: number;
  requests: number;
  /** The endpoint said GOAWAY, or it has served for long enough: streams in flight may end, new ones go elsewhere. */
  leaving: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

interface Waiting {
  readonly onReady: (connection: ReadyConnection) => void;
  readonly onFailure: (reset: UpstreamReset) => void;
  readonly leave: () => void;
}

/** Envoy's initial windows are larger than Node's 64 KiB; large answers need them. */
const settings: http2.Settings = { enablePush: false, initialWindowSize: 1024 * 1024, maxHeaderListSize: 64 * 1024 };
const noPending: PendingConnection = { cancel: () => {} };

export function createHttp2Pool({ endpoint, config, limits, statistics, transport }: HttpPoolOptions): ConnectionPool {
  const sessions = new Set<Session>();
  const waiting = new Set<Waiting>();
  let connecting = false;
  let draining = false;

  const available = (): Session | undefined => {
    const { maxConcurrentStreams = Number.POSITIVE_INFINITY } = config().connections;
    for (const entry of sessions) {
      const limit = Math.min(entry.session.remoteSettings?.maxConcurrentStreams ?? 100, maxConcurrentStreams);
      if (!entry.leaving && !entry.session.closed && !entry.session.destroyed && entry.active < limit) return entry;
    }
    return undefined;
  };

  const serveWaiting = (): void => {
    for (const entry of waiting) {
      const session = available();
      if (!session) {
        connect();
        return;
      }
      waiting.delete(entry);
      entry.leave();
      if (limits.requests.mayTake()) entry.onReady(session.connection);
      else {
        statistics().counters.upstream_rq_active_overflow++;
        entry.onFailure(overflow);
      }
    }
  };

  const leaveSoon = (entry: Session): void => {
    entry.leaving = true;
    if (entry.active === 0) entry.session.close();
  };

  const release = (entry: Session): void => {
    entry.active--;
    const { idleTimeoutMs } = config().connections;
    if (entry.active === 0) {
      if (draining || entry.leaving) entry.session.close();
      else if (idleTimeoutMs > 0) entry.idleTimer = setTimeout(() => leaveSoon(entry), idleTimeoutMs).unref();
    }
    if (waiting.size > 0) serveWaiting();
  };

  const adopt = (socket: Socket, closed: () => void): Session => {
    const { maxDurationMs, maxRequests, http2Keepalive } = config().connections;
    const session = http2.connect(`http://${endpoint.address}`, { createConnection: () => socket, settings });
    session.setLocalWindowSize(4 * 1024 * 1024);
    const entry: Session = {
      session,
      active: 0,
      requests: 0,
      leaving: false,
      idleTimer: undefined,
      connection: {
        localAddress: socketAddress(socket.localAddress, socket.localPort),
        send: (head, events) => {
          clearTimeout(entry.idleTimer);
          entry.active++;
          entry.requests++;
          if (maxRequests > 0 && entry.requests >= maxRequests) entry.leaving = true;
          const ended = limits.requests.take();
          const stream = sendHttp2Request(session, head, countResets(events, statistics()), () => {
            ended();
            release(entry);
          });
          return {
            ...stream,
            cancel: () => {
              statistics().counters.upstream_rq_tx_reset++;
              stream.cancel();
            },
          };
        },
      },
    };
    sessions.add(entry);
    const durationTimer = maxDurationMs > 0 ? setTimeout(() => leaveSoon(entry), maxDurationMs).unref() : undefined;
    const stopPings = http2Keepalive && keepAlive(session, http2Keepalive);
    // Streams in flight get their own errors; without a listener this one would end the process.
    session.on('error', () => {});
    session.on('goaway', () => {
      entry.leaving = true;
    });
    session.on('close', () => {
      clearTimeout(durationTimer);
      clearTimeout(entry.idleTimer);
      stopPings?.();
      closed();
      sessions.delete(entry);
      if (waiting.size > 0) serveWaiting();
    });
    return entry;
  };

  const connect = (): void => {
    // An endpoint without any connection may always have one: requests would wait for nothing.
    if (connecting) return;
    if (!limits.connections.mayTake()) {
      statistics().counters.upstream_cx_overflow++;
      if (sessions.size > 0) return;
    }
    connecting = true;
    const closed = limits.connections.take();
    let entry: Session | undefined;
    const counting = countConnection(statistics(), 'http2', () => (entry?.active ?? 0) > 0);
    const { connectTimeoutMs, connections } = config();
    connectUpstream(
      endpoint,
      connectTimeoutMs,
      {
        onConnected: (socket) => {
          connecting = false;
          counting.connected(socket);
          entry = adopt(socket, closed);
          serveWaiting();
        },
        onFailed: (reset) => {
          connecting = false;
          closed();
          counting.failed(reset);
          // As Envoy: everything that waits for this connection fails with it.
          const failed = [...waiting];
          waiting.clear();
          for (const one of failed) {
            one.leave();
            statistics().counters.upstream_rq_pending_failure_eject++;
            one.onFailure(reset);
          }
        },
      },
      { keepalive: connections.tcpKeepalive, transport: transport() },
    );
  };

  return {
    acquire: (onReady, onFailure) => {
      const session = available();
      if (session) {
        if (limits.requests.mayTake()) onReady(session.connection);
        else {
          statistics().counters.upstream_rq_active_overflow++;
          onFailure(overflow);
        }
        return noPending;
      }
      if (!limits.pendingRequests.mayTake()) {
        statistics().counters.upstream_rq_pending_overflow++;
        onFailure(overflow);
        return noPending;
      }
      const entry: Waiting = { onReady, onFailure, leave: limits.pendingRequests.take() };
      waiting.add(entry);
      connect();
      return {
        cancel: () => {
          if (!waiting.delete(entry)) return;
          statistics().counters.upstream_rq_cancelled++;
          entry.leave();
        },
      };
    },
    drain: () => {
      draining = true;
      for (const entry of sessions) if (entry.active === 0) entry.session.close();
    },
    size: () => ({
      connections: sessions.size,
      idle: [...sessions].filter((entry) => entry.active === 0).length,
      waiting: waiting.size,
    }),
  };
}

/** Streams are reset one by one, by either side: in HTTP/1.1 there is nothing of the kind. */
function countResets(events: UpstreamEvents, { counters }: ClusterStatistics): UpstreamEvents {
  return {
    ...events,
    onReset: (reset) => {
      // One that never got out is no reset.
      if (reset.reason === 'connection termination') counters.upstream_rq_pending_failure_eject++;
      else if (reset.reason.startsWith('remote') && !reset.staleConnection) counters.upstream_rq_rx_reset++;
      events.onReset(reset);
    },
  };
}

/** A connection whose endpoint answers no PING in time is dead, and so are its requests. */
function keepAlive(
  session: http2.ClientHttp2Session,
  { intervalMs, timeoutMs }: { readonly intervalMs: number; readonly timeoutMs: number },
): () => void {
  let patience: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    patience ??= setTimeout(() => session.destroy(), timeoutMs).unref();
    session.ping(() => {
      clearTimeout(patience);
      patience = undefined;
    });
  }, intervalMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    clearTimeout(patience);
  };
}
