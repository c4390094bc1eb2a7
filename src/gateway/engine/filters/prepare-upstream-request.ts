// What a route changes of a request on its way to an endpoint (headers, authority, path), and of the answer on its way back.
import type {
  ForwardAction,
  HeaderPut,
  MessageMutations,
  PathRewrite,
  Route,
  RouteMatch,
  WeightedEntry,
} from '../config/engine-config.ts';
import { buildRequestInfo } from '../http/build-request-info.ts';
import type { Exchange, LocalReply } from '../http/exchange.ts';
import { getHeader, type HeaderList, setHeader } from '../http/header-list.ts';
import { matchedLength, pathOnly } from '../match/match-path.ts';
import { mutateHeaders } from './mutate-headers.ts';
import { cleanValue, isSendable, refuseHeader } from './sendable-header.ts';

/** Whatever answer the client gets from now on, the gateway's own too, is changed as the route says. */
export function changeResponses(exchange: Exchange, levels: readonly (MessageMutations | undefined)[]): void {
  const changes = levels.flatMap((level) => (level && !isEmpty(level.response) ? [level.response] : []));
  if (changes.length === 0) return;
  const hasMadeValues = changes.some((mutations) => mutations.put.some(isMade));
  exchange.changeResponse = (headers) => {
    const infoOf = (left: HeaderList) => {
      exchange.info.responseHeaders = left;
      return buildRequestInfo(exchange, performance.now());
    };
    const changed = changes.reduce((before, mutations) => mutateHeaders(before, mutations, infoOf), headers);
    return hasMadeValues ? changed.map(cleanValue) : changed;
  };
}

/** Of what clients send, tokens say or services answer: it may be anything. */
const isMade = ({ value }: HeaderPut): boolean => typeof value === 'function';

const isEmpty = ({ remove, put }: MessageMutations['request']): boolean => remove.length === 0 && put.length === 0;

/** First what its cluster says, then what its route says, as Envoy does it; undefined: it may be sent. */
export function prepareUpstreamRequest(
  exchange: Exchange,
  route: Route,
  action: ForwardAction,
  entry: WeightedEntry,
): LocalReply | undefined {
  const change = (mutations: MessageMutations | undefined): void => {
    if (mutations === undefined || isEmpty(mutations.request)) return;
    exchange.headers = mutateHeaders(exchange.headers, mutations.request, (left) => {
      exchange.headers = left;
      return buildRequestInfo(exchange, performance.now());
    });
  };
  change(entry.headers);
  // Of the two only the route's leaves a trace, as in Envoy.
  if (entry.hostRewrite !== undefined) rewriteHost(exchange, action, entry.hostRewrite);
  for (const level of [route.headers, ...(route.outerHeaders ?? [])]) change(level);
  if (action.hostRewrite !== undefined) {
    if (!exchange.manager.suppressEnvoyHeaders)
      setHeader(exchange.headers, 'x-envoy-original-host', exchange.authority);
    rewriteHost(exchange, action, action.hostRewrite);
  }
  if (action.pathRewrite !== undefined) rewritePath(exchange, route.match, action.pathRewrite);
  return refuseMadeHeaders(exchange.headers, [entry.headers, route.headers]);
}

function refuseMadeHeaders(
  headers: HeaderList,
  levels: readonly (MessageMutations | undefined)[],
): LocalReply | undefined {
  const made = new Set(levels.flatMap((level) => level?.request.put.filter(isMade).map(({ name }) => name) ?? []));
  if (made.size === 0) return undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    if (made.has(name) && !isSendable({ name, value })) return refuseHeader({ name, value });
  }
  return undefined;
}

/** The host before is added to x-forwarded-host where the route wants that, once. */
function rewriteHost(exchange: Exchange, { appendXForwardedHost }: ForwardAction, host: string): void {
  const before = exchange.authority;
  const given = getHeader(exchange.headers, 'x-forwarded-host');
  if (appendXForwardedHost && before !== '' && given?.split(',').at(-1) !== before)
    setHeader(exchange.headers, 'x-forwarded-host', given ? `${given},${before}` : before);
  exchange.authority = host;
}

function rewritePath(exchange: Exchange, match: RouteMatch, rewrite: PathRewrite): void {
  if (!exchange.manager.suppressEnvoyHeaders) setHeader(exchange.headers, 'x-envoy-original-path', exchange.path);
  exchange.path = rewrittenPath(exchange.path, match, rewrite);
}

/** The query stays as it is. */
export function rewrittenPath(path: string, match: RouteMatch, rewrite: PathRewrite): string {
  if (rewrite.kind === 'prefix') return rewrite.value + path.slice(matchedLength(match.path, path));
  const bare = pathOnly(path);
  return rewrite.replace(bare) + path.slice(bare.length);
}
