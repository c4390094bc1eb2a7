// Fourth step of a request: the first route of its virtual host whose predicates all hold.
import type { Route, VirtualHost } from '../config/engine-config.ts';
import { describePath, matchesPath, pathOnly } from './match-path.ts';
import { candidateRoutes } from './route-candidates.ts';

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
  for (const index of candidateRoutes(virtualHost, path)) {
    const route = virtualHost.routes[index];
    if (route && failsAt(route, path) === undefined) return route;
  }
  return undefined;
}

/** The same decision, with the reason for every route that was passed over. */
export function explainRoute(virtualHost: VirtualHost, request: RouteRequest): RouteExplanation {
  const path = pathOnly(request.path);
  const tried: RouteTrial[] = [];
  for (const route of virtualHost.routes) {
    const predicate = failsAt(route, path);
    const expected = describePath(route.match.path);
    tried.push({ route, mismatch: predicate && { predicate, expected, actual: path } });
    if (predicate === undefined) return { route, tried };
  }
  return { route: undefined, tried };
}

/** The first predicate that does not hold. */
function failsAt(route: Route, path: string): RouteMismatch['predicate'] | undefined {
  return matchesPath(route.match.path, path) ? undefined : 'path';
}
