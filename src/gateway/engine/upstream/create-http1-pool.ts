// The HTTP/1.1 connections to one endpoint: the one used last is used first, new ones are opened as requests need them.
import { connectUpstream } from './connect-upstream.ts';
import { countConnection } from './count-connection.ts';
import { createHttp1Connection, type Http1Connection } from './create-http1-connection.ts';
import {
  type ConnectionPool,
  type HttpPoolOptions,
  overflow,
  type PendingConnection,
  type ReadyConnection,
  type UpstreamReset,
} from './upstream-stream.ts';

interface Waiting {
  readonly onReady: (connection: ReadyConnection) => void;
  readonly onFailure: (reset: UpstreamReset) => void;
  /** No longer waits, as far as the limits go. */
  readonly leave: () => void;
}

interface Open {
  readonly connection: Http1Connection;
  /** performance.now() from which it takes no new request. */
  readonly servesUntil: number;
}

const nothingPending: PendingConnection = { cancel: () => {} };

export function createHttp1Pool({ endpoint, config, limits, statistics, transport }: HttpPoolOptions): ConnectionPool {
  /** Newest last. */
  const idle: Open[] = [];
  const open = new Set<Http1Connection>();
  /** Each gives up one connection that is being opened. */
  const connecting = new Set<() => void>();
  const waiting: Waiting[] = [];
  let draining = false;
  let sweepTimer: NodeJS.Timeout | undefined;

  const isSpent = ({ connection, servesUntil }: Open, now: number): boolean => {
    const { idleTimeoutMs } = config().connections;
    return (
      connection.usableUntil <= now ||
      servesUntil <= now ||
      (idleTimeoutMs > 0 && now - connection.idleSince >= idleTimeoutMs)
    );
  };

  const takeIdle = (): Open | undefined => {
    const now = performance.now();
    for (let candidate = idle.pop(); candidate; candidate = idle.pop()) {
      if (!isSpent(candidate, now)) return candidate;
      candidate.connection.close();
    }
    return undefined;
  };

  /** One timer for all of them: requests come and go without touching it. */
  const sweepLater = (): void => {
    const { idleTimeoutMs, maxDurationMs } = config().connections;
    const soonest = Math.min(idleTimeoutMs || Number.POSITIVE_INFINITY, maxDurationMs || Number.POSITIVE_INFINITY);
    if (sweepTimer || !Number.isFinite(soonest)) return;
    sweepTimer = setTimeout(() => {
      sweepTimer = undefined;
      const now = performance.now();
      for (const candidate of idle.filter((one) => isSpent(one, now))) {
        idle.splice(idle.indexOf(candidate), 1);
        candidate.connection.close();
      }
      if (idle.length > 0) sweepLater();
    }, soonest);
    sweepTimer.unref();
  };

  const offer = (offered: Open): void => {
    const { connection, servesUntil } = offered;
    const { maxRequests } = config().connections;
    const mayServe = (maxRequests === 0 || connection.requests < maxRequests) && performance.now() < servesUntil;
    const next = mayServe ? waiting.shift() : undefined;
    if (next) {
      next.leave();
      if (limits.requests.mayTake()) {
        next.onReady(connection);
        return;
      }
      statistics().counters.upstream_rq_active_overflow++;
      next.onFailure(overflow);
      offer(offered);
    } else if (draining || !mayServe) {
      if (!draining && maxRequests !== 0 && connection.requests >= maxRequests)
        statistics().counters.upstream_cx_max_requests++;
      connection.close();
    } else {
      idle.push(offered);
      sweepLater();
    }
  };

  /** An endpoint without any connection may always have one: requests would wait for nothing. */
  const mayOpen = (): boolean => {
    if (limits.connections.mayTake()) return true;
    statistics().counters.upstream_cx_overflow++;
    return open.size + connecting.size === 0;
  };

  const openAsNeeded = (): void => {
    while (waiting.length > connecting.size && mayOpen()) connect();
  };

  const connect = (): void => {
    const { connectTimeoutMs, connections } = config();
    const closed = limits.connections.take();
    let connection: Http1Connection | undefined;
    const counting = countConnection(statistics(), 'http1', () => connection?.isBusy ?? false);
    const abandon = (): void => {
      connecting.delete(abandon);
      closed();
      counting.abandoned();
      giveUp();
    };
    connecting.add(abandon);
    const giveUp = connectUpstream(
      endpoint,
      connectTimeoutMs,
      {
        onConnected: (socket) => {
          connecting.delete(abandon);
          counting.connected(socket);
          const servesUntil =
            connections.maxDurationMs > 0 ? performance.now() + connections.maxDurationMs : Number.POSITIVE_INFINITY;
          const opened = createHttp1Connection(socket, {
            keepsHeaderCase: connections.preservesHeaderCase,
            onBusy: limits.requests.take,
            onIdle: (free) => offer({ connection: free, servesUntil }),
            onClosed: (gone) => {
              closed();
              open.delete(gone);
              const at = idle.findIndex((candidate) => candidate.connection === gone);
              if (at !== -1) idle.splice(at, 1);
              openAsNeeded();
            },
          });
          connection = opened;
          open.add(opened);
          offer({ connection: opened, servesUntil });
        },
        onFailed: (reset) => {
          connecting.delete(abandon);
          closed();
          counting.failed(reset);
          // As Envoy: whatever waits would wait for an endpoint that cannot be reached.
          for (const entry of waiting.splice(0)) {
            entry.leave();
            statistics().counters.upstream_rq_pending_failure_eject++;
            entry.onFailure(reset);
          }
        },
      },
      { keepalive: connections.tcpKeepalive, transport: transport() },
    );
  };

  return {
    acquire: (onReady, onFailure, { fresh = false } = {}) => {
      const free = fresh && mayOpen() ? undefined : takeIdle();
      if (free) {
        if (limits.requests.mayTake()) onReady(free.connection);
        else {
          statistics().counters.upstream_rq_active_overflow++;
          idle.push(free);
          onFailure(overflow);
        }
        return nothingPending;
      }
      if (!limits.pendingRequests.mayTake()) {
        statistics().counters.upstream_rq_pending_overflow++;
        onFailure(overflow);
        return nothingPending;
      }
      const entry: Waiting = { onReady, onFailure, leave: limits.pendingRequests.take() };
      waiting.push(entry);
      openAsNeeded();
      return {
        cancel: () => {
          const at = waiting.indexOf(entry);
          if (at === -1) return;
          waiting.splice(at, 1);
          statistics().counters.upstream_rq_cancelled++;
          entry.leave();
          if (connecting.size > waiting.length) [...connecting].at(-1)?.();
        },
      };
    },
    drain: () => {
      draining = true;
      clearTimeout(sweepTimer);
      for (const { connection } of idle.splice(0)) connection.close();
    },
    size: () => ({ connections: open.size, idle: idle.length, waiting: waiting.length }),
  };
}
