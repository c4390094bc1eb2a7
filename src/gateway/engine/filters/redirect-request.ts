// Redirects, worded as Envoy words them: where a client is to ask instead.
import type { RedirectAction, RouteMatch } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import { getHeader } from '../http/header-list.ts';
import { matchedLength } from '../match/match-path.ts';

/** `require_tls` of a virtual host: the same address over HTTPS, its port as the client wrote it. */
export function redirectToTls(exchange: Exchange): void {
  redirect(exchange, 301, `https://${exchange.authority}${exchange.path}`);
}

export function redirectRequest(exchange: Exchange, match: RouteMatch, action: RedirectAction): void {
  redirect(exchange, action.status, redirectLocation(exchange, match, action));
}

function redirect(exchange: Exchange, status: number, location: string): void {
  exchange.sendLocalReply({ status, body: '', details: 'direct_response', headers: ['location', location] });
}

export function redirectLocation(
  exchange: Pick<Exchange, 'authority' | 'path' | 'scheme' | 'headers'>,
  match: RouteMatch,
  action: RedirectAction,
): string {
  const scheme = action.scheme ?? exchange.scheme;
  const port = action.port === undefined ? '' : `:${action.port}`;
  const host = action.host ?? requestHost(exchange, scheme, port);
  const path = redirectPath(exchange.path, match, action);
  return `${scheme}://${host}${port}${path.startsWith('/') ? '' : '/'}${path}`;
}

/** The port that the client wrote goes where another takes its place, or where it was the old scheme's own. */
function requestHost(
  { authority, headers }: Pick<Exchange, 'authority' | 'headers'>,
  scheme: string,
  newPort: string,
): string {
  const colon = authority.startsWith('[') ? authority.lastIndexOf(']:') + 1 : authority.lastIndexOf(':');
  if (colon <= 0) return authority;
  const port = authority.slice(colon);
  const protocol = getHeader(headers, 'x-forwarded-proto');
  const wasDefault =
    scheme !== protocol && ((protocol === 'https' && port === ':443') || (protocol === 'http' && port === ':80'));
  return newPort !== '' || wasDefault ? authority.slice(0, colon) : authority;
}

/** A new path keeps the client's query string, unless it has one itself. */
function redirectPath(path: string, match: RouteMatch, action: RedirectAction): string {
  const queryAt = path.indexOf('?');
  const query = queryAt < 0 || action.stripQuery ? '' : path.slice(queryAt);
  const bare = queryAt < 0 ? path : path.slice(0, queryAt);
  if (action.path.kind === 'keep') return bare + query;
  if (action.path.kind === 'replace')
    return action.path.value.includes('?') ? action.path.value : action.path.value + query;
  return action.path.value + bare.slice(matchedLength(match.path, bare)) + query;
}
