// One engine, in this thread.
import { createEngine, type EngineOptions } from '../create-engine.ts';
import type { EngineHost } from './engine-host.ts';

export function createLocalHost(options: EngineOptions): EngineHost {
  const engine = createEngine(options);
  return {
    start: async () => {},
    serve: (_update, config) => {
      engine.apply(config);
      return undefined;
    },
    listeners: engine.listeners,
    settled: () => engine.settled,
    statistics: engine.statistics,
    diagnostics: engine.diagnostics,
    drain: engine.drain,
  };
}
