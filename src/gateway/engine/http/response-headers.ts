// The connection manager's changes to an answer's headers.

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

const whenUpgraded = new Set([...endpointsOwn].filter((name) => name !== 'connection' && name !== 'upgrade'));

function keep(received: HeaderList, dropped: ReadonlySet<string>): HeaderList {
  const headers: HeaderList = [];
  for (let i = 0; i < received.length; i += 2) {
    const name = received[i] ?? '';
    if (!dropped.has(name)) headers.push(name, received[i + 1] ?? '');
  }
  return headers;
}

export interface ResponseTraits {
  readonly serverName: string;
  /** Milliseconds the endpoint took; undefined for the gateway's own answers. */
  readonly upstreamServiceTimeMs: number | undefined;
  readonly close: boolean;
  /** The connection changes protocols, as the endpoint's headers say. */
  readonly upgraded?: boolean;
}

/** In Envoy's order. A `date` of the endpoint's stays, its `server` does not. `change` is the route's. */
export function buildResponseHeaders(
  received: HeaderList,
  traits: ResponseTraits,
  change?: (headers: HeaderList) => HeaderList,
): HeaderList {
  let headers = keep(received, traits.upgraded ? whenUpgraded : endpointsOwn);
  if (traits.upstreamServiceTimeMs !== undefined)
    headers.push('x-envoy-upstream-service-time', String(traits.upstreamServiceTimeMs));
  if (change) headers = keep(change(headers), traits.upgraded ? whenUpgraded : ofConnection);
  if (getHeader(headers, 'date') === undefined) headers.push('date', currentDate());
  headers.push('server', traits.serverName);
  if (traits.close) headers.push('connection', 'close');
  return headers;
}
