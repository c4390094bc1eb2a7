// The connection manager's changes to an answer's headers.

import type { HttpConnectionManager } from '../config/engine-config.ts';
import { getHeader, type HeaderList } from './header-list.ts';
import { currentDate } from './local-reply.ts';

/** Neither endpoint nor route has a say in them. */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'server',
]);

/** What an endpoint says of these is not passed on. */
const endpointsOwn = new Set([...ofConnection, 'x-envoy-upstream-service-time', 'x-envoy-decorator-operation']);

const ofUpgrade = new Set(['connection', 'upgrade']);

function keep(received: HeaderList, dropped: ReadonlySet<string>, traits: ResponseTraits): HeaderList {
  const isKept = (name: string): boolean =>
    !dropped.has(name) ||
    (traits.upgraded === true && ofUpgrade.has(name)) ||
    (name === 'server' && traits.manager.keepsServer !== undefined) ||
    (name === 'x-envoy-upstream-service-time' && traits.manager.suppressEnvoyHeaders === true);
  const headers: HeaderList = [];
  for (let i = 0; i < received.length; i += 2) {
    const name = received[i] ?? '';
    if (isKept(name)) headers.push(name, received[i + 1] ?? '');
  }
  return headers;
}

export interface ResponseTraits {
  readonly manager: Pick<HttpConnectionManager, 'serverName' | 'keepsServer' | 'suppressEnvoyHeaders'>;
  /** Milliseconds the endpoint took; undefined for the gateway's own answers. */
  readonly upstreamServiceTimeMs: number | undefined;
  readonly close: boolean;
  /** The connection changes protocols, as the endpoint's headers say. */
  readonly upgraded?: boolean;
}

/** In Envoy's order. A `date` of the endpoint's stays, its `server` only where the manager keeps it. `change` is the route's. */
export function buildResponseHeaders(
  received: HeaderList,
  traits: ResponseTraits,
  change?: (headers: HeaderList) => HeaderList,
): HeaderList {
  const { manager } = traits;
  let headers = keep(received, endpointsOwn, traits);
  if (traits.upstreamServiceTimeMs !== undefined && !manager.suppressEnvoyHeaders)
    headers.push('x-envoy-upstream-service-time', String(traits.upstreamServiceTimeMs));
  if (change) headers = keep(change(headers), ofConnection, traits);
  if (getHeader(headers, 'date') === undefined) headers.push('date', currentDate());
  if (manager.keepsServer === undefined || (manager.keepsServer === 'IF_PRESENT' && !getHeader(headers, 'server')))
    headers.push('server', manager.serverName);
  if (traits.close) headers.push('connection', 'close');
  return headers;
}
