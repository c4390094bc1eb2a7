// The connection manager's changes to an answer's headers.

import type { HeaderList } from './header-list.ts';
import { currentDate } from './local-reply.ts';

const dropped = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'server',
  'x-envoy-upstream-service-time',
  'x-envoy-decorator-operation',
]);

export interface ResponseTraits {
  readonly serverName: string;
  /** Milliseconds the endpoint took; undefined for the gateway's own answers. */
  readonly upstreamServiceTimeMs: number | undefined;
  readonly close: boolean;
}

/** In Envoy's order. A `date` of the endpoint's stays, its `server` does not. */
export function buildResponseHeaders(received: HeaderList, traits: ResponseTraits): HeaderList {
  const headers: HeaderList = [];
  let dated = false;
  for (let i = 0; i < received.length; i += 2) {
    const name = received[i] ?? '';
    if (dropped.has(name)) continue;
    if (name === 'date') dated = true;
    headers.push(name, received[i + 1] ?? '');
  }
  if (traits.upstreamServiceTimeMs !== undefined)
    headers.push('x-envoy-upstream-service-time', String(traits.upstreamServiceTimeMs));
  if (!dated) headers.push('date', currentDate());
  headers.push('server', traits.serverName);
  if (traits.close) headers.push('connection', 'close');
  return headers;
}
