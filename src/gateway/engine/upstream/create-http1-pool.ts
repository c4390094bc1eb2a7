// The HTTP/1.1 connections to one endpoint: the one used last is used first, new ones are opened as requests need them.
import type { Endpoint } from '../config/engine-config.ts';
import { connectUpstream } from './connect-upstream.ts';
import { createHttp1Connection, type Http1Connection } from './create-http1-connection.ts';
import type { ConnectionPool, PendingConnection, ReadyConnection, UpstreamReset } from './upstream-stream.ts';

interface Waiting {
  readonly onReady: (connection: ReadyConnection) => void;
  readonly onFailure: (reset: UpstreamReset) => void;
}

export interface HttpPoolOptions {
  readonly endpoint: Pick<Endpoint, 'address' | 'port'>;
  /** Read at each connect: a cluster's timeout may change while its pools live on. */
  readonly connectTimeoutMs: () => number;
}

const nothingPending: PendingConnection = { cancel: () => {} };

export function createHttp1Pool(options: HttpPoolOptions): ConnectionPool {
  /** Newest last. */
  const idle: Http1Connection[] = [];
  const open = new Set<Http1Connection>();
  const waiting: Waiting[] = [];
  let draining = false;

  const takeIdle = (): Http1Connection | undefined => {
    const now = performance.now();
    for (let connection = idle.pop(); connection; connection = idle.pop()) {
      if (connection.usableUntil > now) return connection;
      connection.close();
    }
    return undefined;
  };

  const offer = (connection: Http1Connection): void => {
    const next = waiting.shift();
    if (next) next.onReady(connection);
    else if (draining) connection.close();
    else idle.push(connection);
  };

  const connect = (): (() => void) =>
    connectUpstream(options.endpoint, options.connectTimeoutMs(), {
      onConnected: (socket) => {
        const connection = createHttp1Connection(socket, {
          onIdle: offer,
          onClosed: (gone) => {
            open.delete(gone);
            const at = idle.indexOf(gone);
            if (at !== -1) idle.splice(at, 1);
          },
        });
        open.add(connection);
        offer(connection);
      },
      onFailed: (reset) => waiting.shift()?.onFailure(reset),
    });

  return {
    acquire: (onReady, onFailure, { fresh = false } = {}) => {
      const connection = fresh ? undefined : takeIdle();
      if (connection) {
        onReady(connection);
        return nothingPending;
      }
      const entry: Waiting = { onReady, onFailure };
      waiting.push(entry);
      const abandon = connect();
      return {
        cancel: () => {
          const at = waiting.indexOf(entry);
          if (at === -1) return;
          waiting.splice(at, 1);
          abandon();
        },
      };
    },
    drain: () => {
      draining = true;
      for (const connection of idle.splice(0)) connection.close();
    },
    size: () => ({ connections: open.size, idle: idle.length }),
  };
}
