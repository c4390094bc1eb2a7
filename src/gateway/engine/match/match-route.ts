// Fourth step of a request: the first route of its virtual host whose predicates all hold.
import type { Route, RouteMatch, VirtualHost } from '../config/engine-config.ts';

/** What of a request decides its route. */
export interface RouteRequest {
  /** `:path` after normalisation, with its query string. */
  readonly path: string;
}

/** Why a route does not match: the first predicate that fails. */
export interface RouteMismatch {
  readonly predicate: 'path';
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
  for (const route of virtualHost.routes) if (matchesPath(route.match.path, path)) return route;
  return undefined;
}

/** The same decision, with the reason for every route that was passed over. */
export function explainRoute(virtualHost: VirtualHost, request: RouteRequest): RouteExplanation {
  const path = pathOnly(request.path);
  const tried: RouteTrial[] = [];
  for (const route of virtualHost.routes) {
    const matched = matchesPath(route.match.path, path);
    const mismatch: RouteMismatch | undefined = matched
      ? undefined
      : { predicate: 'path', expected: describePath(route.match.path), actual: path };
    tried.push({ route, mismatch });
    if (matched) return { route, tried };
  }
  return { route: undefined, tried };
}

/** The path that is matched: without query string and fragment. */
export function pathOnly(path: string): string {
  const end = path.search(/[?#]/);
  return end === -1 ? path : path.slice(0, end);
}

function matchesPath(match: RouteMatch['path'], path: string): boolean {
  switch (match.kind) {
    case 'exact':
      return match.caseSensitive ? path === match.value : path.toLowerCase() === match.value.toLowerCase();
    case 'prefix':
      return match.caseSensitive
        ? path.startsWith(match.value)
        : path.slice(0, match.value.length).toLowerCase() === match.value.toLowerCase();
    case 'regex':
      return match.matches(path);
  }
}

function describePath(match: RouteMatch['path']): string {
  if (match.kind === 'regex') return `regex ${match.source}`;
  return `${match.kind} ${match.value}${match.caseSensitive ? '' : ' (any case)'}`;
}
