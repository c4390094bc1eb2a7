// The data plane half of a process: starts the chosen one against pilot, watches its problems, and offers its views.
import type { AdminViews, ConfigDumpView, PortView } from '../admin/views.ts';
import type { DataPlane } from '../gateway/data-plane.ts';
import { parseStatisticsQuery } from '../gateway/statistics/parse-statistics-query.ts';
import type { Logger } from '../lib/logger.ts';
import { TidegateError } from '../lib/tidegate-error.ts';
import type { Diagnostics } from './create-diagnostics.ts';
import { listenersAsPorts } from './port-views.ts';
import type { ProxyOptions, RunSignals } from './run-options.ts';
import { untilStopped } from './stopped.ts';

export interface Gateway {
  readonly kind: ProxyOptions['engine'];
  /** Resolves with `stopped` if the signal came first. Throws TidegateError if the data plane cannot run at all. */
  start(signals: RunSignals): Promise<'ready' | 'stopped'>;
  /** Lets requests in flight end, until `force`. */
  stop(signals: RunSignals): Promise<void>;
  isReady(): boolean;
  /** Looks for problems now, and not only at the next interval. */
  refreshDiagnostics(): void;
  listeners(): ReturnType<DataPlane['listeners']>;
  ports(): Promise<readonly PortView[]>;
  configDump(): Promise<ConfigDumpView>;
  statistics: NonNullable<AdminViews['statistics']>;
  readonly accessLog: DataPlane['accessLog'];
}

/** A data plane does not call back about its problems: ports, files, a child that died. */
const diagnosticsIntervalMs = 500;

export function createGateway(
  dataPlane: DataPlane,
  options: Pick<ProxyOptions, 'engine' | 'drainTimeoutMs'>,
  diagnostics: Diagnostics,
  logger: Logger,
): Gateway {
  let timer: NodeJS.Timeout | undefined;

  const refreshDiagnostics = (): void => {
    try {
      diagnostics.set('data plane', dataPlane.diagnostics());
    } catch (error) {
      logger.error({ err: error }, 'the data plane could not tell its problems');
    }
  };

  return {
    kind: options.engine,
    start: async ({ stop }) => {
      timer = setInterval(refreshDiagnostics, diagnosticsIntervalMs).unref();
      if ((await untilStopped(dataPlane.start(), stop)) === 'stopped') return 'stopped';
      const outcome = await untilStopped(dataPlane.ready(), stop);
      refreshDiagnostics();
      return outcome === 'stopped' ? 'stopped' : 'ready';
    },
    stop: async ({ force }) => {
      clearInterval(timer);
      const draining = dataPlane.drain(force.aborted ? 0 : options.drainTimeoutMs);
      if ((await untilStopped(draining, force)) === 'stopped') await dataPlane.drain(0);
    },
    isReady: () => dataPlane.isReady(),
    refreshDiagnostics,
    listeners: () => dataPlane.listeners(),
    ports: async () => listenersAsPorts(await dataPlane.listeners(), options.engine),
    configDump: async () => {
      try {
        return await dataPlane.configDump();
      } catch (error) {
        throw new TidegateError(
          'unavailable',
          `the data plane does not tell its configuration: ${TidegateError.from(error).message}`,
          { cause: error },
        );
      }
    },
    statistics: async (parameters, format) => {
      const parsed = parseStatisticsQuery(parameters, format);
      return parsed.kind === 'invalid' ? parsed : { kind: 'answer', ...(await dataPlane.statistics(parsed.query)) };
    },
    accessLog: dataPlane.accessLog,
  };
}
