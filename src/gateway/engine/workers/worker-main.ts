// The entry of a worker thread: an engine of its own, fed with the same resources as all others.
import { parentPort, workerData } from 'node:worker_threads';
import { silentLogger } from '../../../lib/logger.ts';
import { createConfigStore } from '../config/create-config-store.ts';
import type { EngineConfig } from '../config/engine-config.ts';
import { createEngine } from '../create-engine.ts';
import { addressKey, type FromWorker, type ToWorker, type WorkerSettings } from './worker-protocol.ts';

const port = parentPort;
if (!port) throw new Error('worker-main.ts runs as a worker thread only');

const say = (message: FromWorker): void => port.postMessage(message);
const store = createConfigStore();
let permitted: ReadonlySet<string> = new Set();
const { drainMs, dnsServers, bucketMemory, slotMemory, sendsStdout }: WorkerSettings = workerData;
const sendLogLine = createBatch((lines) => say({ kind: 'accessLog', lines }));
const sendStdoutLine = createBatch((lines) => say({ kind: 'stdout', lines }));

const engine = createEngine({
  logger: silentLogger,
  reusePort: true,
  drainMs,
  dnsServers,
  bucketMemory,
  slotMemory,
  onAccessLogLine: sendLogLine.add,
  stdout: sendsStdout ? sendStdoutLine.add : undefined,
  onListenerState: () => sendState(),
});

/** One message for all lines of a turn of the loop. */
function createBatch(send: (lines: readonly string[]) => void): { add(line: string): void; flush(): void } {
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) send(lines);
    lines = [];
  };
  return {
    add: (line) => {
      if (lines.length === 0) setImmediate(flush);
      lines.push(line);
    },
    flush,
  };
}

function sendState(): void {
  say({ kind: 'state', listeners: engine.listeners(), diagnostics: engine.diagnostics() });
}

function serve(config: EngineConfig): void {
  const listeners = new Map([...config.listeners].filter(([, listener]) => permitted.has(addressKey(listener))));
  engine.apply({ ...config, listeners });
  sendState();
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'update': {
      const error = store.apply(message.update);
      serve(store.current());
      say({ kind: 'verdict', id: message.id, error });
      return;
    }
    case 'permit':
      permitted = new Set(message.addresses);
      serve(store.current());
      return;
    case 'statistics':
      void engine.statistics().then((snapshot) => say({ kind: 'statistics', id: message.id, snapshot }));
      return;
    case 'drain':
      void engine.drain(message.timeoutMs).then(() => {
        sendLogLine.flush();
        sendStdoutLine.flush();
        say({ kind: 'drained' });
      });
  }
});

say({ kind: 'ready' });
