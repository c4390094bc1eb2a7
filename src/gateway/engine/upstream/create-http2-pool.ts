// The HTTP/2 connections to one endpoint (cleartext, prior knowledge): one carries all requests, another opens when its streams are used up.
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import { connectUpstream, socketAddress } from './connect-upstream.ts';
import type { HttpPoolOptions } from './create-http1-pool.ts';
import { sendHttp2Request } from './send-http2-request.ts';
import type { ConnectionPool, PendingConnection, ReadyConnection, UpstreamReset } from './upstream-stream.ts';

interface Session {
  readonly session: http2.ClientHttp2Session;
  readonly connection: ReadyConnection;
  active: number;
  /** The endpoint said GOAWAY: streams in flight may end, new ones go elsewhere. */
  leaving: boolean;
}

interface Waiting {
  readonly onReady: (connection: ReadyConnection) => void;
  readonly onFailure: (reset: UpstreamReset) => void;
}

/** Envoy's initial windows are larger than Node's 64 KiB; large answers need them. */
const settings: http2.Settings = { enablePush: false, initialWindowSize: 1024 * 1024, maxHeaderListSize: 64 * 1024 };
const noPending: PendingConnection = { cancel: () => {} };

export function createHttp2Pool(options: HttpPoolOptions): ConnectionPool {
  const sessions = new Set<Session>();
  const waiting = new Set<Waiting>();
  let connecting = false;
  let draining = false;

  const available = (): Session | undefined => {
    for (const entry of sessions) {
      const limit = entry.session.remoteSettings?.maxConcurrentStreams ?? 100;
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
      entry.onReady(session.connection);
    }
  };

  const release = (entry: Session): void => {
    entry.active--;
    if (draining && entry.active === 0) entry.session.close();
    else if (waiting.size > 0) serveWaiting();
  };

  const adopt = (socket: Socket): void => {
    const session = http2.connect(`http://${options.endpoint.address}`, { createConnection: () => socket, settings });
    session.setLocalWindowSize(4 * 1024 * 1024);
    const entry: Session = {
      session,
      active: 0,
      leaving: false,
      connection: {
        localAddress: socketAddress(socket.localAddress, socket.localPort),
        send: (head, events) => {
          entry.active++;
          return sendHttp2Request(session, head, events, () => release(entry));
        },
      },
    };
    sessions.add(entry);
    // Streams in flight get their own errors; without a listener this one would end the process.
    session.on('error', () => {});
    session.on('goaway', () => {
      entry.leaving = true;
    });
    session.on('close', () => {
      sessions.delete(entry);
      if (waiting.size > 0) serveWaiting();
    });
  };

  const connect = (): void => {
    if (connecting) return;
    connecting = true;
    connectUpstream(options.endpoint, options.connectTimeoutMs(), {
      onConnected: (socket) => {
        connecting = false;
        adopt(socket);
        serveWaiting();
      },
      onFailed: (reset) => {
        connecting = false;
        // As Envoy: everything that waits for this connection fails with it.
        const failed = [...waiting];
        waiting.clear();
        for (const entry of failed) entry.onFailure(reset);
      },
    });
  };

  return {
    acquire: (onReady, onFailure) => {
      const session = available();
      if (session) {
        onReady(session.connection);
        return noPending;
      }
      const entry: Waiting = { onReady, onFailure };
      waiting.add(entry);
      connect();
      return { cancel: () => void waiting.delete(entry) };
    },
    drain: () => {
      draining = true;
      for (const entry of sessions) if (entry.active === 0) entry.session.close();
    },
    size: () => ({
      connections: sessions.size,
      idle: [...sessions].filter((entry) => entry.active === 0).length,
    }),
  };
}
