// Finds the route of a request, and says with it what the access log and any answer from now on are to know of it.
import { pickCluster } from '../cluster/pick-cluster.ts';
import type { ForwardAction, Route, VirtualHost } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import { getHeader, setHeader } from '../http/header-list.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { requestHeaderValues } from '../http/request-header-values.ts';
import { findScopedHost } from '../match/find-scope.ts';
import { matchRoute } from '../match/match-route.ts';
import { matchVirtualHost } from '../match/match-virtual-host.ts';
import type { ChosenCluster } from './forward-request.ts';
import { changeResponses } from './prepare-upstream-request.ts';

export type SelectedRoute =
  | { readonly kind: 'none' }
  /** The virtual host is for TLS only, and the request came without. */
  | { readonly kind: 'redirect to tls' }
  | {
      readonly kind: 'route';
      readonly virtualHost: VirtualHost;
      readonly route: Route;
      /** Undefined: it is not forwarded, or to nothing. */
      readonly chosen: ChosenCluster | undefined;
    };

/** Before any filter, as in Envoy: whatever refuses a request is logged with its route, and its answer changed as that says. */
export function selectRoute(exchange: Exchange, serving: HttpServing): SelectedRoute {
  const { info } = exchange;
  info.routeName = '';
  info.upstreamCluster = undefined;
  info.upstreamClusterAltStatName = undefined;
  exchange.changeResponse = undefined;
  const virtualHost = findVirtualHost(exchange, serving);
  if (virtualHost === undefined) return { kind: 'none' };
  const isSecure = getHeader(exchange.headers, 'x-forwarded-proto') === 'https';
  if (virtualHost.requireTls !== 'NONE' && !isSecure) return { kind: 'redirect to tls' };
  const route = matchRoute(virtualHost, {
    path: exchange.path,
    headerValues: (name) => requestHeaderValues(exchange, name),
    metadata: info.metadata,
  });
  if (route === undefined) return { kind: 'none' };
  info.routeName = route.name;
  const { action } = route;
  const chosen = action.kind === 'forward' ? chooseCluster(exchange, action, serving) : undefined;
  changeResponses(exchange, [chosen?.entry.headers, route.headers, ...(route.outerHeaders ?? [])]);
  return { kind: 'route', virtualHost, route, chosen };
}

function findVirtualHost(exchange: Exchange, serving: HttpServing): VirtualHost | undefined {
  const { scopedRoutes, routeConfigName } = exchange.manager;
  if (scopedRoutes !== undefined)
    return findScopedHost({ ...scopedRoutes, tableOf: serving.scopedTable }, exchange.authority, (name) =>
      requestHeaderValues(exchange, name),
    );
  const table = serving.routeTable(routeConfigName);
  return table && matchVirtualHost(table, exchange.authority);
}

function chooseCluster(exchange: Exchange, action: ForwardAction, serving: HttpServing): ChosenCluster | undefined {
  const entry = pickCluster(action.clusters, serving.random);
  if (entry === undefined) return undefined;
  const cluster = serving.clusters.get(entry.cluster);
  exchange.info.upstreamCluster = cluster?.config.name;
  exchange.info.upstreamClusterAltStatName = cluster?.config.altStatName;
  return { entry, cluster };
}

/** What endpoints are told the request is for. */
export function decorateRequest(exchange: Exchange, selected: SelectedRoute): void {
  if (selected.kind !== 'route' || selected.route.action.kind !== 'forward') return;
  const { decoratorOperation } = selected.route;
  if (decoratorOperation !== '') setHeader(exchange.headers, 'x-envoy-decorator-operation', decoratorOperation);
}
