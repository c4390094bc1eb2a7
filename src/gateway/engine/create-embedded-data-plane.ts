// The embedded engine as a data plane: an ADS client of pilot that serves by itself, in this process.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import { TidegateError } from '../../lib/tidegate-error.ts';
import type { XdsProtocol } from '../../xds/client/ads-client.ts';
import { createNode, type NodeOptions } from '../../xds/node.ts';
import { type AccessLogSink, createAccessLogFeed } from '../access-log/create-access-log-feed.ts';
import type { DataPlane } from '../data-plane.ts';
import type { MountedSecrets } from '../secrets/create-mounted-secrets.ts';
import type { ConfigStore } from './config/config-store.ts';
import { dumpConfig } from './config/dump-config.ts';
import { createConfigFeed } from './create-config-feed.ts';
import { createSlotMemory } from './listener/create-connection-slots.ts';
import { createControlStatistics } from './statistics/control-statistics.ts';
import { showStatistics } from './statistics/show-statistics.ts';
import { mergeSnapshots } from './statistics/snapshot.ts';
import { diagnoseCertificates } from './tls/diagnose-certificates.ts';
import type { DnsServer } from './upstream/create-look-up.ts';
import { createLocalHost } from './workers/create-local-host.ts';
import { createWorkerHost } from './workers/create-worker-host.ts';

export interface EmbeddedDataPlaneOptions {
  readonly node: NodeOptions;
  /** Where pilot serves ADS: `unix:/path` or `host:port`. */
  readonly pilot: string;
  /** Closed by whoever made it. */
  readonly secrets: MountedSecrets;
  readonly xdsProtocol?: XdsProtocol;
  /** Threads that serve; with 1, the default, it is this one. */
  readonly workers?: number;
  /** Asked for the names of endpoints, in place of the machine's own. */
  readonly dnsServers?: readonly DnsServer[];
  /** At a time, over all listeners; no limit if absent. */
  readonly maxConnections?: number;
  /** Where access log lines are kept; a feed of its own if absent. */
  readonly accessLog?: AccessLogSink;
  /** Gets every line for `/dev/stdout` in its place, in full. */
  readonly accessLogOutput?: (line: string) => void;
  /** How long connections of a listener that changed or went may live on; Istio's 45 s. */
  readonly drainTimeS?: number;
  readonly logger?: Logger;
}

export function createEmbeddedDataPlane(options: EmbeddedDataPlaneOptions): DataPlane {
  const logger = options.logger ?? silentLogger;
  const accessLog = options.accessLog ?? createAccessLogFeed();
  const readiness = Promise.withResolvers<void>();
  // Whoever never asks whether it is ready need not handle that it never was.
  readiness.promise.catch(() => undefined);
  let isServing = false;
  let ending: Promise<void> | undefined;

  const checkReady = (): void => {
    if (isServing || ending || !store().isComplete() || !host.settled()) return;
    isServing = true;
    readiness.resolve();
  };
  const workers = Math.max(1, options.workers ?? 1);
  const serving = {
    logger,
    onAccessLogLine: accessLog.push,
    stdout: options.accessLogOutput,
    drainMs: (options.drainTimeS ?? 45) * 1000,
    dnsServers: options.dnsServers ?? [],
    slotMemory: options.maxConnections === undefined ? undefined : createSlotMemory(options.maxConnections),
    onListenerState: () => checkReady(),
  };
  const host =
    workers === 1
      ? createLocalHost(serving)
      : createWorkerHost({ ...serving, workers, replay: () => store().replay() });
  const control = createControlStatistics(workers);
  const feed = createConfigFeed({
    pilot: options.pilot,
    node: createNode(options.node),
    xdsProtocol: options.xdsProtocol,
    secrets: options.secrets,
    host,
    statistics: control,
    logger,
    onServed: checkReady,
  });
  function store(): ConfigStore {
    return feed.store;
  }

  const stop = async (timeoutMs: number): Promise<void> => {
    readiness.reject(new TidegateError('unavailable', 'the gateway was stopped before it was ready'));
    isServing = false;
    await feed.close();
    await host.drain(timeoutMs);
  };

  return {
    start: async () => {
      await host.start();
      feed.start();
    },
    ready: () => readiness.promise,
    isReady: () => isServing,
    drain: (timeoutMs) => {
      if (!ending) ending = stop(timeoutMs);
      // Asked again, with less patience.
      else void host.drain(timeoutMs);
      return ending;
    },
    listeners: async () => host.listeners(),
    statistics: async (query) =>
      showStatistics(mergeSnapshots([await control.snapshot(), await host.statistics()]), query),
    configDump: async () => dumpConfig(store()),
    diagnostics: () => [
      ...host.diagnostics(),
      ...diagnoseCertificates(store().current(), new Date()),
      ...options.secrets.diagnostics(),
      ...diagnoseWarnings(store()),
    ],
    accessLog,
  };
}

/** What pilot sent and the engine does not do. */
function diagnoseWarnings(store: ConfigStore): readonly Diagnostic[] {
  return store.warnings().map(({ name, message }) => ({
    severity: 'warning',
    code: 'TG0006',
    message: `The embedded engine does not do all that ${name} asks for: ${message}`,
    remedy: 'Use --engine envoy where it matters.',
  }));
}
