// Fourth step of a request: the first route of its virtual host whose predicates all hold.
import type { DynamicMetadata, Route, RouteMatch, VirtualHost } from '../config/engine-config.ts';
import { describePath, matchesPath, pathOnly } from './match-path.ts';
import { matchesHeader, matchesQueryParameter, parseQuery } from './match-predicates.ts';
import { candidateRoutes } from './route-candidates.ts';

/** What of a request decides its route. */
export interface RouteRequest {
  /** `:path` after normalisation, with its query string. */
  readonly path: string;
  /** Each value of a header; `name` in lower case, `:method`, `:authority` and `:scheme` included. */
  readonly headerValues: (name: string) => readonly string[];
  /** What filters have written down. */
  readonly metadata?: DynamicMetadata | undefined;
}

/** Why a route does not match: the first predicate that fails. */
export interface RouteMismatch {
  readonly predicate: 'path' | 'header' | 'query parameter' | 'dynamic metadata';
  /** `prefix /v2`, for a reader. */
  readonly expected: string;
  readonly actual: string;
}

export interface RouteTrial {
  readonly route: Route;
  /** Undefined on the route that matched, which is the last of the list. */
  readonly mismatch: RouteMismatch | undefined;
}

export interface RouteExplanation {
  readonly route: Route | undefined;
  /** In order, up to the one that matched. */
  readonly tried: readonly RouteTrial[];
}

export function matchRoute(virtualHost: VirtualHost, request: RouteRequest): Route | undefined {
  const path = pathOnly(request.path);
  const query = lazyQuery(request.path);
  for (const index of candidateRoutes(virtualHost, path)) {
    const route = virtualHost.routes[index];
    if (route && failsAt(route.match, path, request, query) === undefined) return route;
  }
  return undefined;
}

/** The same decision, with the reason for every route that was passed over. */
export function explainRoute(virtualHost: VirtualHost, request: RouteRequest): RouteExplanation {
  const path = pathOnly(request.path);
  const query = lazyQuery(request.path);
  const tried: RouteTrial[] = [];
  for (const route of virtualHost.routes) {
    const mismatch = failsAt(route.match, path, request, query);
    tried.push({ route, mismatch });
    if (mismatch === undefined) return { route, tried };
  }
  return { route: undefined, tried };
}

/** Of something else than a route that is for some requests. */
export const matchesRoute = (match: RouteMatch, request: RouteRequest): boolean =>
  failsAt(match, pathOnly(request.path), request, lazyQuery(request.path)) === undefined;

/** Read once, and only where a route asks. */
function lazyQuery(path: string): () => ReadonlyMap<string, string> {
  let parsed: ReadonlyMap<string, string> | undefined;
  return () => {
    parsed ??= parseQuery(path);
    return parsed;
  };
}

/** The first predicate that does not hold. */
function failsAt(
  match: RouteMatch,
  path: string,
  request: RouteRequest,
  query: () => ReadonlyMap<string, string>,
): RouteMismatch | undefined {
  if (!matchesPath(match.path, path)) return { predicate: 'path', expected: describePath(match.path), actual: path };
  const header = match.headers?.find((matcher) => !matchesHeader(matcher, request.headerValues(matcher.name)));
  if (header) {
    const expected = `${header.name} ${header.invert ? 'not ' : ''}${header.value?.text ?? 'present'}`;
    return { predicate: 'header', expected, actual: request.headerValues(header.name).join(',') || '(missing)' };
  }
  const parameter = match.queryParameters?.find((matcher) => !matchesQueryParameter(matcher, query()));
  if (parameter !== undefined) {
    const expected = `${parameter.name} ${parameter.value?.text ?? 'present'}`;
    return { predicate: 'query parameter', expected, actual: query().get(parameter.name) ?? '(missing)' };
  }
  if (match.dynamicMetadata?.every((matches) => matches(request.metadata)) ?? true) return undefined;
  return { predicate: 'dynamic metadata', expected: 'claims of a token', actual: 'others' };
}
