// The chosen data plane with what it stands on. Each is loaded only when it is chosen.
import type { DataPlane } from '../gateway/data-plane.ts';
import { createMountedSecrets } from '../gateway/secrets/create-mounted-secrets.ts';
import type { Logger } from '../lib/logger.ts';
import type { NodeOptions } from '../xds/node.ts';
import { logAsDetails } from './log-as-details.ts';
import type { ProxyOptions, RunEvents } from './run-options.ts';

export interface DataPlaneSurroundings {
  readonly node: NodeOptions;
  /** Where pilot serves xDS. */
  readonly pilot: string;
  readonly logger: Logger;
  readonly events: Pick<RunEvents, 'accessLog' | 'progress'>;
  /** Ends a download of Envoy. */
  readonly signal: AbortSignal;
}

export interface CreatedDataPlane {
  readonly dataPlane: DataPlane;
  /** After the data plane has stopped. */
  close(): void;
}

/** Throws TidegateError `envoy-missing` if Envoy is wanted and can be neither found nor fetched. */
export async function createDataPlane(
  options: ProxyOptions,
  { node, pilot, logger, events, signal }: DataPlaneSurroundings,
): Promise<CreatedDataPlane> {
  const mounts = new Map(options.mounts.map(({ path, directory }) => [path, directory]));
  const secrets = createMountedSecrets({ mounts, logger: logAsDetails(logger) });
  const { dnsServers, maxConnections } = options;
  const limits = maxConnections === undefined ? {} : { maxConnections };
  const shared = { node, pilot, secrets, logger, dnsServers, accessLogOutput: events.accessLog, ...limits };
  const close = (): void => secrets.close();
  try {
    if (options.engine === 'embedded') {
      const { createEmbeddedDataPlane } = await import('../gateway/engine/create-embedded-data-plane.ts');
      const workers = options.workers === undefined ? {} : { workers: options.workers };
      return { dataPlane: createEmbeddedDataPlane({ ...shared, ...workers }), close };
    }
    const [{ createEnvoyDataPlane }, { fetchEnvoy }, { fetchProgressPrinter }] = await Promise.all([
      import('../gateway/envoy/create-envoy-data-plane.ts'),
      import('../gateway/envoy/fetch-envoy.ts'),
      import('../gateway/envoy/fetch-progress-printer.ts'),
    ]);
    const binary = await fetchEnvoy({ onProgress: fetchProgressPrinter(events.progress), signal });
    const concurrency = options.workers === undefined ? {} : { concurrency: options.workers };
    return {
      dataPlane: createEnvoyDataPlane({ ...shared, ...concurrency, binary, xdsProtocol: options.xdsProtocol }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
