// From what people type to one connected proxy: an id, NAME.NAMESPACE, a name, or nothing where there is only one.
import { TidegateError } from '../lib/tidegate-error.ts';
import type { ProxySyncView } from '../main/run-options.ts';
import type { AdminClient } from './admin-client.ts';

/** Throws TidegateError `not-found` or `usage`, naming those that there are. */
export function findProxy(proxies: readonly ProxySyncView[], wanted: string | undefined): ProxySyncView {
  const [first, ...others] = proxies;
  if (!first)
    throw new TidegateError('not-found', 'no proxy is connected to pilot', { hint: 'Its own log says why it is not.' });
  const names = proxies.map((proxy) => proxy.name).join(', ');
  if (wanted === undefined) {
    if (others.length === 0) return first;
    throw new TidegateError('usage', 'several proxies are connected: name one', { hint: `Connected: ${names}` });
  }
  const matches = [
    proxies.filter((proxy) => proxy.id === wanted || proxy.name === wanted),
    proxies.filter((proxy) => proxy.name.startsWith(`${wanted}.`)),
  ].find((found) => found.length > 0);
  const [match, ...more] = matches ?? [];
  if (!match)
    throw new TidegateError('not-found', `no proxy "${wanted}" is connected`, { hint: `Connected: ${names}` });
  if (more.length > 0) {
    throw new TidegateError('usage', `several proxies are called "${wanted}"`, {
      hint: `Use an id: ${matches?.map((proxy) => proxy.id).join(', ')}`,
    });
  }
  return match;
}

/** Those connected to the pilot behind this admin server. */
export async function readProxies(admin: AdminClient): Promise<readonly ProxySyncView[]> {
  return (await admin.get('/debug/syncz')) as readonly ProxySyncView[];
}
