// Several worker threads that accept on the same ports. The main thread decides what they may bind and keeps them alike.

import type { Diagnostic } from '../../../lib/diagnostic.ts';
import type { Logger } from '../../../lib/logger.ts';
import type { ReceivedUpdate } from '../../../xds/client/ads-client.ts';
import type { BoundListener } from '../../data-plane.ts';
import type { EngineConfig } from '../config/engine-config.ts';
import { createBucketMemory } from '../filters/rate-limit/create-token-buckets.ts';
import { createSlotMemory, giveBack, type SlotMemory } from '../listener/create-connection-slots.ts';
import { mergeSnapshots } from '../statistics/snapshot.ts';
import type { DnsServer } from '../upstream/create-look-up.ts';
import { createPortPermits } from './create-port-permits.ts';
import { createWorker, type EngineWorker } from './create-worker.ts';
import type { EngineHost } from './engine-host.ts';
import { addressKey } from './worker-protocol.ts';

export interface WorkerHostOptions {
  readonly workers: number;
  readonly logger: Logger;
  readonly drainMs: number;
  readonly dnsServers: readonly DnsServer[];
  readonly slotMemory: SlotMemory | undefined;
  readonly onAccessLogLine: (line: string) => void;
  readonly stdout: ((line: string) => void) | undefined;
  readonly onListenerState: () => void;
  /** Everything accepted so far: what a worker that takes the place of a dead one is given. */
  readonly replay: () => readonly ReceivedUpdate[];
}

/** A worker that dies again and again is not started more often than this. */
const restartMs = 500;

export function createWorkerHost(options: WorkerHostOptions): EngineHost {
  const { logger } = options;
  const workers = new Set<EngineWorker>();
  let config: EngineConfig | undefined;
  let stopping = false;
  let restarting = 0;

  const permits = createPortPermits({
    onChange: () => {
      for (const worker of workers) worker.permit(permits.granted());
      options.onListenerState();
    },
  });

  const bucketMemory = createBucketMemory();

  const add = async (): Promise<void> => {
    const slotMemory = options.slotMemory && createSlotMemory(options.slotMemory.max, options.slotMemory);
    const worker = createWorker({
      drainMs: options.drainMs,
      dnsServers: options.dnsServers,
      bucketMemory,
      slotMemory,
      onAccessLogLine: options.onAccessLogLine,
      onStdoutLine: options.stdout,
      onListenerState: options.onListenerState,
      onDeath: (reason) => {
        workers.delete(worker);
        giveBack(slotMemory);
        if (stopping) return;
        logger.error({ reason }, 'a worker thread died; another one takes its place');
        restarting++;
        setTimeout(() => void replace(), restartMs).unref();
      },
    });
    workers.add(worker);
    await worker.started;
    worker.permit(permits.granted());
    for (const update of options.replay()) await worker.serve(update);
  };

  const replace = async (): Promise<void> => {
    restarting--;
    if (!stopping) await add();
    options.onListenerState();
  };

  const listeners = (): readonly BoundListener[] => {
    const configs = [...(config?.listeners.values() ?? [])];
    return configs
      .map((listener) => {
        const base = { name: listener.name, address: listener.address, port: listener.port };
        const refused = permits.refusal(addressKey(listener));
        if (refused) return { ...base, state: 'failed' as const, error: refused.message };
        const states = [...workers].map((worker) => worker.listeners().find(({ name }) => name === listener.name));
        const failed = states.find((state) => state?.state === 'failed');
        if (failed) return { ...base, state: 'failed' as const, error: failed.error };
        const bound = states.length > 0 && states.every((state) => state?.state === 'listening');
        return { ...base, state: bound ? ('listening' as const) : ('warming' as const), error: undefined };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  };

  return {
    start: async () => {
      await Promise.all(Array.from({ length: options.workers }, add));
    },
    serve: async (update, next) => {
      config = next;
      permits.want(next.listeners.values());
      const verdicts = await Promise.all([...workers].map((worker) => worker.serve(update)));
      return verdicts.find((verdict) => verdict !== undefined);
    },
    listeners,
    settled: () => listeners().every(({ state }) => state !== 'warming'),
    diagnostics: () => [
      ...permits.diagnostics(),
      ...distinct([...workers].flatMap((worker) => worker.diagnostics())),
      ...deaths(),
    ],
    statistics: async () => mergeSnapshots(await Promise.all([...workers].map((worker) => worker.statistics()))),
    drain: async (timeoutMs) => {
      stopping = true;
      permits.close();
      await Promise.all([...workers].map((worker) => worker.drain(timeoutMs)));
      workers.clear();
    },
  };

  function deaths(): readonly Diagnostic[] {
    if (restarting === 0) return [];
    return [
      {
        severity: 'error',
        code: 'TG0022',
        message: `${restarting} of ${options.workers} worker threads of the engine died; the others serve on.`,
        remedy: 'They are started again by themselves; the log has the reason.',
      },
    ];
  }
}

/** All workers have the same problem with a port: it is said once. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [diagnostic.message, diagnostic])).values()];
}
