// The serving core: one thread's listeners, connections and pools, served from whatever configuration was applied last.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { Logger } from '../../lib/logger.ts';
import type { BoundListener } from '../data-plane.ts';
import type { EngineConfig } from './config/engine-config.ts';
import { createBucketMemory, createTokenBuckets } from './filters/rate-limit/create-token-buckets.ts';
import type { HttpServing } from './http/http-serving.ts';
import { createConnectionSlots, type SlotMemory } from './listener/create-connection-slots.ts';
import { createListenerSet } from './listener/create-listener-set.ts';
import { createHttpConnections } from './listener/serve-http-connection.ts';
import { createLogOutput } from './log-output/create-log-output.ts';
import { createEngineStatistics } from './statistics/engine-statistics.ts';
import type { StatisticsSnapshot } from './statistics/snapshot.ts';
import { createTlsContexts } from './tls/create-tls-contexts.ts';
import { createClusterSet } from './upstream/create-cluster-set.ts';
import { createLookUp, type DnsServer } from './upstream/create-look-up.ts';

export interface EngineOptions {
  readonly logger: Logger;
  readonly onAccessLogLine: (line: string) => void;
  /** Takes the access log lines meant for standard output instead. */
  readonly stdout?: ((line: string) => void) | undefined;
  /** Several engines accept on the same ports. */
  readonly reusePort?: boolean;
  /** Milliseconds that connections of a removed listener or a replaced filter chain may go on; Istio's drainDuration of 45 s. */
  readonly drainMs?: number;
  /** Called when a listener is bound or fails. */
  readonly onListenerState?: () => void;
  /** Asked for the names of endpoints; empty is the machine's own. */
  readonly dnsServers?: readonly DnsServer[];
  /** Of rate limits; several engines may share it. */
  readonly bucketMemory?: SharedArrayBuffer;
  /** Of the limit of connections; several engines may share it. Undefined: there is none. */
  readonly slotMemory?: SlotMemory | undefined;
  /** How soon a port that could not be bound is tried again. */
  readonly bindRetry?: { readonly initialMs: number; readonly maxMs: number };
}

export interface Engine {
  /** The next connection and the next request are served from it; those under way end as they began. */
  apply(config: EngineConfig): void;
  listeners(): readonly BoundListener[];
  /** Every listener is bound, or is known not to be. */
  readonly settled: boolean;
  /** Ports that could not be bound. */
  diagnostics(): readonly Diagnostic[];
  statistics(): Promise<StatisticsSnapshot>;
  /** Access log lines that were lost. */
  readonly droppedLogLines: number;
  /** Stops accepting, lets requests in flight end, closes everything after the time given. */
  drain(timeoutMs: number): Promise<void>;
}

/** What Envoy keeps of a body for a retry: its default per_connection_buffer_limit_bytes. */
const retryBufferBytes = 1024 * 1024;

export function createEngine(options: EngineOptions): Engine {
  let config: EngineConfig = {
    listeners: new Map(),
    scopes: new Map(),
    routes: new Map(),
    clusters: new Map(),
    secrets: new Map(),
  };
  const logOutput = createLogOutput({
    logger: options.logger,
    onLine: options.onAccessLogLine,
    stdout: options.stdout,
  });
  const statistics = createEngineStatistics();
  const clusters = createClusterSet({ statistics, lookUp: createLookUp(options.dnsServers ?? []) });
  const tls = createTlsContexts();
  const http: HttpServing = {
    routeTable: (name) => config.routes.get(name),
    scopedTable: (key) => config.routes.get(config.scopes.get(key) ?? ''),
    clusters,
    random: Math.random,
    log: logOutput.log,
    statistics,
    retryBufferBytes,
    buckets: createTokenBuckets(options.bucketMemory ?? createBucketMemory()),
  };
  let connections = 0;
  const listeners = createListenerSet({
    serving: { http, httpConnections: createHttpConnections(http), tls, nextConnectionId: () => ++connections },
    reusePort: options.reusePort ?? false,
    slots: createConnectionSlots(options.slotMemory),
    drainMs: options.drainMs ?? 45_000,
    onState: options.onListenerState ?? (() => {}),
    ...(options.bindRetry ? { retry: options.bindRetry } : {}),
  });

  return {
    apply: (next) => {
      config = next;
      statistics.apply(next);
      clusters.apply(next.clusters, next.secrets);
      tls.apply(next.secrets);
      listeners.apply(next.listeners);
    },
    listeners: listeners.bound,
    get settled() {
      return listeners.settled;
    },
    diagnostics: listeners.diagnostics,
    statistics: statistics.snapshot,
    get droppedLogLines() {
      return logOutput.dropped;
    },
    drain: async (timeoutMs) => {
      await listeners.drain(timeoutMs);
      clusters.close();
      await logOutput.close();
    },
  };
}
