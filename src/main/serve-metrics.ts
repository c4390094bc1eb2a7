// The port that is scraped: the statistics and nothing else, on an address of its own that may be open to others.
import { createAdminServer } from '../admin/create-admin-server.ts';
import { metricsEndpoints } from '../admin/handle-request.ts';
import type { AdminViews } from '../admin/views.ts';
import type { Logger } from '../lib/logger.ts';
import { TidegateError } from '../lib/tidegate-error.ts';
import type { Diagnostics } from './create-diagnostics.ts';
import type { HostPort } from './run-options.ts';

export interface RunningMetrics {
  close(): Promise<void>;
}

const retryMs = 2000;

/** Traffic does not depend on it: an address that cannot be had is a Diagnostic, and is tried again. */
export async function serveMetrics(
  at: HostPort | undefined,
  views: AdminViews,
  diagnostics: Pick<Diagnostics, 'set'>,
  logger: Logger,
): Promise<RunningMetrics> {
  if (at === undefined) return { close: () => Promise.resolve() };
  let server: ReturnType<typeof createAdminServer> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const attempt = async (): Promise<void> => {
    const next = createAdminServer(views, logger, metricsEndpoints);
    try {
      await next.listen(at.host, at.port);
      if (isClosed) return await next.close();
      server = next;
      diagnostics.set('metrics', []);
    } catch (error) {
      const { code, message } = TidegateError.from(error);
      diagnostics.set('metrics', [
        {
          severity: 'warning',
          code: 'TG0040',
          message:
            code === 'address-in-use'
              ? `Nothing can be scraped: another process listens on ${at.host}:${at.port}.`
              : `Nothing can be scraped: ${message}.`,
          remedy:
            'Choose another address with --metrics HOST:PORT, or none with --metrics off; it is tried again by itself.',
        },
      ]);
      if (!isClosed) timer = setTimeout(() => void attempt(), retryMs).unref();
    }
  };
  await attempt();
  return {
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await server?.close();
    },
  };
}
