// What a route changes of a request on its way to an endpoint (headers, authority, path), and of the answer on its way back.
import type {
  ForwardAction,
  MessageMutations,
  PathRewrite,
  Route,
  RouteMatch,
  WeightedEntry,
} from '../config/engine-config.ts';
import { buildRequestInfo } from '../http/build-request-info.ts';
import type { Exchange } from '../http/exchange.ts';
import { getHeader, type HeaderList, setHeader } from '../http/header-list.ts';
import { matchedLength, pathOnly } from '../match/match-path.ts';
import { mutateHeaders } from './mutate-headers.ts';

/** Whatever answer the client gets from now on, the gateway's own too, is changed as the route says. */
export function changeResponses(exchange: Exchange, levels: readonly (MessageMutations | undefined)[]): void {
  const changes = levels.flatMap((level) => (level && !isEmpty(level.response) ? [level.response] : []));
  if (changes.length === 0) return;
  exchange.changeResponse = (headers) => {
    const infoOf = (left: HeaderList) => {
      exchange.info.responseHeaders = left;
      return buildRequestInfo(exchange, performance.now());
    };
    return changes.reduce((changed, mutations) => mutateHeaders(changed, mutations, infoOf), headers);
  };
}

const isEmpty = ({ remove, put }: MessageMutations['request']): boolean => remove.length === 0 && put.length === 0;

/** First what its cluster says, then what its route says, as Envoy does it. */
export function prepareUpstreamRequest(
  exchange: Exchange,
  route: Route,
  action: ForwardAction,
  entry: WeightedEntry,
): void {
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
  change(route.headers);
  if (action.hostRewrite !== undefined) {
    if (!exchange.manager.suppressEnvoyHeaders)
      setHeader(exchange.headers, 'x-envoy-original-host', exchange.authority);
    rewriteHost(exchange, action, action.hostRewrite);
  }
  if (action.pathRewrite !== undefined) rewritePath(exchange, route.match, action.pathRewrite);
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
