// For tests of the composition: a data plane that is ready when told so, and remembers how it was ended.
import { createAccessLogFeed } from '../../gateway/access-log/create-access-log-feed.ts';
import type { BoundListener, ConfigDump, DataPlane } from '../../gateway/data-plane.ts';
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { NodeOptions } from '../../xds/node.ts';
import type { createDataPlane } from '../create-data-plane.ts';

export interface FakeDataPlane extends DataPlane {
  becomeReady(): void;
  readonly drains: readonly number[];
  /** Resolves once somebody has called start. */
  readonly started: Promise<void>;
  problems: readonly Diagnostic[];
  /** What start rejects with. */
  startFailure: Error | undefined;
  /** Until resolved, drain waits. */
  drainHold: Promise<void>;
  node: NodeOptions | undefined;
  log(line: string): void;
}

export const emptyDump: ConfigDump = { CDS: [], EDS: [], LDS: [], RDS: [], SDS: [] };
const fakeListener: BoundListener = {
  name: '0.0.0.0_80',
  address: '127.0.0.1',
  port: 30000,
  state: 'listening',
  error: undefined,
};

export function createFakeDataPlane(): { plane: FakeDataPlane; createDataPlane: typeof createDataPlane } {
  const readiness = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const drains: number[] = [];
  const accessLog = createAccessLogFeed();
  let isReady = false;
  let output: (line: string) => void = () => undefined;
  const plane: FakeDataPlane = {
    drains,
    started: started.promise,
    problems: [],
    startFailure: undefined,
    drainHold: Promise.resolve(),
    node: undefined,
    becomeReady: () => {
      isReady = true;
      readiness.resolve();
    },
    log: (line) => {
      accessLog.push(line);
      output(line);
    },
    start: async () => {
      started.resolve();
      if (plane.startFailure) throw plane.startFailure;
    },
    ready: () => readiness.promise,
    isReady: () => isReady,
    drain: async (timeoutMs) => {
      drains.push(timeoutMs);
      isReady = false;
      if (timeoutMs > 0) await plane.drainHold;
    },
    listeners: () => Promise.resolve([fakeListener]),
    statistics: () => Promise.resolve({ contentType: 'text/plain', body: 'a.b: 1\n' }),
    configDump: () => Promise.resolve(emptyDump),
    diagnostics: () => plane.problems,
    accessLog,
  };
  return {
    plane,
    createDataPlane: (_options, surroundings) => {
      plane.node = surroundings.node;
      output = surroundings.events.accessLog;
      return Promise.resolve({ dataPlane: plane, close: () => undefined });
    },
  };
}
