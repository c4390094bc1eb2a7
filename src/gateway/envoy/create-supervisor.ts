// Keeps one Envoy running: starts it, starts it again with growing pauses when it dies, and ends it.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import type { EnvoyExit, EnvoyProcess } from './create-envoy-process.ts';

export interface Supervisor {
  start(): void;
  /** The one that runs; undefined in a pause, and after stop. */
  current(): EnvoyProcess | undefined;
  /** TG0022 while there is none. */
  diagnostics(): readonly Diagnostic[];
  /** SIGTERM, and SIGKILL if that is not enough. Resolves when it has ended. */
  stop(): Promise<void>;
}

export interface SupervisorOptions {
  readonly launch: () => EnvoyProcess;
  readonly onExit: (exit: EnvoyExit) => void;
  readonly logger?: Logger;
  readonly firstPauseMs?: number;
}

const lastPauseMs = 30_000;
/** Having run for this long, it starts again without much of a pause. */
const stableMs = 60_000;
const killAfterMs = 5000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const logger = options.logger ?? silentLogger;
  const firstPauseMs = options.firstPauseMs ?? 250;
  let process: EnvoyProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;
  let down: { readonly exit: EnvoyExit; readonly pauseMs: number } | undefined;
  let stopped = false;

  const run = (): void => {
    const startedAt = Date.now();
    const started = options.launch();
    process = started;
    void started.exited.then((exit) => {
      process = undefined;
      options.onExit(exit);
      if (stopped) return;
      if (Date.now() - startedAt > stableMs) pauseMs = firstPauseMs;
      down = { exit, pauseMs };
      logger.error({ reason: exit.reason, pauseMs }, 'Envoy stopped; it is started again after a pause');
      timer = setTimeout(run, pauseMs);
      pauseMs = Math.min(2 * pauseMs, lastPauseMs);
    });
  };

  return {
    start: run,
    current: () => process,
    diagnostics() {
      if (process !== undefined || down === undefined || stopped) return [];
      const message = `Envoy stopped (${down.exit.reason}); nothing serves until it is started again, ${down.pauseMs} ms later.`;
      return [
        { severity: 'error', code: 'TG0022', message, remedy: "Envoy's last messages are in the log of the gateway." },
      ];
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      const ending = process;
      if (ending === undefined) return;
      ending.kill('SIGTERM');
      const force = setTimeout(() => ending.kill('SIGKILL'), killAfterMs);
      await ending.exited;
      clearTimeout(force);
    },
  };
}
