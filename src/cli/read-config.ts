// The two sides of a proxy's configuration: what pilot intends and what the data plane really has, asked where each is known.
import { TidegateError } from '../lib/tidegate-error.ts';
import type { ConfigDumpView, ProxySyncView } from '../main/run-options.ts';
import { type AdminClient, createAdminClient } from './admin-client.ts';
import { parseHostPort } from './parse-flags.ts';

export async function readIntended(admin: AdminClient, proxy: ProxySyncView): Promise<ConfigDumpView> {
  return (await admin.get('/debug/config_dump', { proxy: proxy.id, view: 'intended' })) as ConfigDumpView;
}

/** From the same process where it runs the gateway too, else from the admin server that the gateway told pilot. */
export async function readActual(admin: AdminClient, proxy: ProxySyncView): Promise<ConfigDumpView> {
  const query = { proxy: proxy.id, view: 'actual' };
  if (proxy.adminAddress === undefined || proxy.adminAddress === admin.address) {
    try {
      return (await admin.get('/debug/config_dump', query)) as ConfigDumpView;
    } catch (error) {
      if (!(error instanceof TidegateError) || error.code !== 'not-found') throw error;
      throw new TidegateError('not-found', `${proxy.name} has no admin server that could tell what it really has`, {
        hint: 'Start the gateway with --admin HOST:PORT.',
        cause: error,
      });
    }
  }
  return (await createAdminClient(parseHostPort(proxy.adminAddress)).get(
    '/debug/config_dump',
    query,
  )) as ConfigDumpView;
}
