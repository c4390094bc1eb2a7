// One bound address: accepts connections and keeps count of them. Its configuration changes under it; the port stays bound.
import net from 'node:net';
import type { ListenerConfig } from '../config/engine-config.ts';
import type { ConnectionSlots } from './create-connection-slots.ts';
import { type ConnectionServing, type LiveConnection, serveConnection } from './serve-connection.ts';

export interface ListenerState {
  readonly state: 'listening' | 'warming' | 'failed';
  /** The operating system's text, and its code: `EADDRINUSE`. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly port: number;
}

export interface Listener {
  readonly config: ListenerConfig;
  readonly state: ListenerState;
  readonly connections: number;
  start(): void;
  /** New connections are served by it; those on filter chains that are gone or different drain. */
  update(config: ListenerConfig): void;
  /** Accepts no more. Connections drain, and are closed after the time given. Resolves when none is left. Called again with less time, it hurries. */
  stop(options: { readonly drainMs: number; readonly idle: boolean }): Promise<void>;
}

export interface ListenerOptions {
  readonly serving: ConnectionServing;
  /** Several processes or threads accept on the port. */
  readonly reusePort: boolean;
  readonly slots: ConnectionSlots;
  /** Milliseconds that connections on a replaced filter chain may go on. */
  readonly drainMs: number;
  readonly onState: () => void;
  readonly retry?: { readonly initialMs: number; readonly maxMs: number };
}

const defaultRetry = { initialMs: 500, maxMs: 15_000 };

export function createListener(initial: ListenerConfig, options: ListenerOptions): Listener {
  const retry = options.retry ?? defaultRetry;
  const connections = new Set<LiveConnection>();
  const statistics = options.serving.http.statistics.listener(initial);
  let config = initial;
  let state: ListenerState = { state: 'warming', error: undefined, port: initial.port };
  let server: net.Server | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  let retryMs = retry.initialMs;
  let stopped = false;
  const drainTimers = new Set<NodeJS.Timeout>();
  const emptied = Promise.withResolvers<void>();

  const setState = (next: ListenerState): void => {
    state = next;
    options.onState();
  };

  const accept = (socket: net.Socket): void => {
    if (!options.slots.take()) {
      statistics.counters.downstream_global_cx_overflow++;
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    socket.once('close', options.slots.give);
    const live = serveConnection(socket, config, statistics, options.serving);
    connections.add(live);
    socket.once('close', () => {
      connections.delete(live);
      if (stopped && connections.size === 0) emptied.resolve();
    });
  };

  const bind = (): void => {
    const next = net.createServer({ allowHalfOpen: true });
    server = next;
    next.on('connection', accept);
    next.on('error', (error: NodeJS.ErrnoException) => {
      // Running out of descriptors fails one accept, not the listener.
      if (next.listening) return;
      setState({ state: 'failed', error: { code: error.code ?? '', message: error.message }, port: config.port });
      if (stopped) return;
      retryTimer = setTimeout(bind, retryMs);
      retryTimer.unref();
      retryMs = Math.min(retryMs * 2, retry.maxMs);
    });
    const where = { host: config.address, port: config.port, backlog: 4096 };
    next.listen({ ...where, exclusive: true, reusePort: options.reusePort }, () => {
      if (stopped) {
        next.close();
        return;
      }
      retryMs = retry.initialMs;
      const address = next.address();
      const port = typeof address === 'object' && address ? address.port : config.port;
      setState({ state: 'listening', error: undefined, port });
    });
  };

  /** Tells connections to end, and ends them when their time is over. */
  const drain = (which: readonly LiveConnection[], drainMs: number, idle: boolean): void => {
    for (const connection of which) connection.drain({ idle });
    if (which.length === 0) return;
    const timer = setTimeout(() => {
      drainTimers.delete(timer);
      for (const connection of which) connection.destroy();
    }, drainMs);
    timer.unref();
    drainTimers.add(timer);
  };

  return {
    get config() {
      return config;
    },
    get state() {
      return state;
    },
    get connections() {
      return connections.size;
    },
    start: bind,
    update: (next) => {
      config = next;
      const replaced = [...connections].filter((connection) => !connection.follow(next));
      drain(replaced, options.drainMs, false);
    },
    stop: async ({ drainMs, idle }) => {
      stopped = true;
      clearTimeout(retryTimer);
      server?.close();
      if (connections.size === 0) return;
      drain([...connections], drainMs, idle);
      await emptied.promise;
      for (const timer of drainTimers) clearTimeout(timer);
    },
  };
}
