// The admin server of a process, if its options want one.
import { createAdminServer } from '../admin/create-admin-server.ts';
import type { AdminViews } from '../admin/views.ts';
import type { Logger } from '../lib/logger.ts';
import type { HostPort } from './run-options.ts';

export interface RunningAdmin {
  /** `127.0.0.1:15080` as bound; undefined without an admin server. */
  readonly address: string | undefined;
  close(): Promise<void>;
}

/** Throws TidegateError `address-in-use`. */
export async function serveAdmin(at: HostPort | undefined, views: AdminViews, logger: Logger): Promise<RunningAdmin> {
  if (at === undefined) return { address: undefined, close: () => Promise.resolve() };
  const server = createAdminServer(views, logger);
  return { address: await server.listen(at.host, at.port), close: () => server.close() };
}
