// One worker thread, seen from the main thread.
import { Worker } from 'node:worker_threads';
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import type { ReceivedUpdate, UpdateVerdict } from '../../../xds/client/ads-client.ts';
import type { BoundListener } from '../../data-plane.ts';
import { noStatistics, type StatisticsSnapshot } from '../statistics/snapshot.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-protocol.ts';

export interface EngineWorker {
  /** Resolves when it can take updates, or has died. */
  readonly started: Promise<void>;
  /** Resolves when it serves the update; with nothing when it died, as the next one is given everything. */
  serve(update: ReceivedUpdate): Promise<UpdateVerdict>;
  permit(addresses: readonly string[]): void;
  listeners(): readonly BoundListener[];
  diagnostics(): readonly Diagnostic[];
  /** None of a worker that died. */
  statistics(): Promise<StatisticsSnapshot>;
  drain(timeoutMs: number): Promise<void>;
}

export interface EngineWorkerOptions {
  readonly drainMs: number;
  readonly dnsServers: WorkerSettings['dnsServers'];
  readonly bucketMemory: SharedArrayBuffer;
  readonly slotMemory: WorkerSettings['slotMemory'];
  readonly onAccessLogLine: (line: string) => void;
  readonly onStdoutLine: ((line: string) => void) | undefined;
  readonly onListenerState: () => void;
  readonly onDeath: (reason: string) => void;
}

// Built, this folder holds JavaScript.
const entry = new URL(import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker-main.js', import.meta.url);

export function createWorker(options: EngineWorkerOptions): EngineWorker {
  const settings: WorkerSettings = {
    drainMs: options.drainMs,
    dnsServers: options.dnsServers,
    bucketMemory: options.bucketMemory,
    slotMemory: options.slotMemory,
    sendsStdout: options.onStdoutLine !== undefined,
  };
  const thread = new Worker(entry, { workerData: settings });
  const started = Promise.withResolvers<void>();
  const drained = Promise.withResolvers<void>();
  const verdicts = new Map<number, (verdict: UpdateVerdict) => void>();
  const readers = new Map<number, (snapshot: StatisticsSnapshot) => void>();
  let listeners: readonly BoundListener[] = [];
  let diagnostics: readonly Diagnostic[] = [];
  let nextId = 0;
  let reason = 'it ended';
  let draining = false;

  const say = (message: ToWorker): void => thread.postMessage(message);

  thread.on('message', (message: FromWorker) => {
    switch (message.kind) {
      case 'ready':
        started.resolve();
        return;
      case 'verdict':
        verdicts.get(message.id)?.(message.error);
        verdicts.delete(message.id);
        return;
      case 'statistics':
        readers.get(message.id)?.(message.snapshot);
        readers.delete(message.id);
        return;
      case 'state':
        ({ listeners, diagnostics } = message);
        options.onListenerState();
        return;
      case 'accessLog':
        for (const line of message.lines) options.onAccessLogLine(line);
        return;
      case 'stdout':
        for (const line of message.lines) options.onStdoutLine?.(line);
        return;
      case 'drained':
        drained.resolve();
    }
  });
  thread.on('error', (error) => {
    reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  thread.on('exit', () => {
    started.resolve();
    drained.resolve();
    for (const resolve of verdicts.values()) resolve(undefined);
    verdicts.clear();
    for (const resolve of readers.values()) resolve(noStatistics);
    readers.clear();
    if (!draining) options.onDeath(reason);
  });

  return {
    started: started.promise,
    serve: (update) =>
      new Promise((resolve) => {
        const id = ++nextId;
        verdicts.set(id, resolve);
        say({ kind: 'update', id, update });
      }),
    permit: (addresses) => say({ kind: 'permit', addresses }),
    listeners: () => listeners,
    diagnostics: () => diagnostics,
    statistics: () =>
      new Promise((resolve) => {
        const id = ++nextId;
        readers.set(id, resolve);
        say({ kind: 'statistics', id });
      }),
    drain: async (timeoutMs) => {
      draining = true;
      say({ kind: 'drain', timeoutMs });
      await drained.promise;
      await thread.terminate();
    },
  };
}
