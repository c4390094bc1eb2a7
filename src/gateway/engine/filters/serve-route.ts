// What a route says is done with a request: answered here, or forwarded to a cluster.
import { pickCluster } from '../cluster/pick-cluster.ts';
import type { ForwardAction, Route, VirtualHost } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { applyCors } from './apply-cors.ts';
import { type ChosenCluster, forwardRequest } from './forward-request.ts';
import { injectFault } from './inject-fault.ts';
import { changeResponses } from './prepare-upstream-request.ts';
import { redirectRequest } from './redirect-request.ts';

export function serveRoute(exchange: Exchange, virtualHost: VirtualHost, route: Route, serving: HttpServing): void {
  exchange.info.routeName = route.name;
  const { action, fault, cors } = route;
  const chosen = action.kind === 'forward' ? chooseCluster(exchange, action, serving) : undefined;
  changeResponses(exchange, [chosen?.entry.headers, route.headers]);
  const act = (): void => performAction(exchange, virtualHost, route, chosen, serving);
  const checkOrigin = (): void =>
    cors === undefined || action.kind !== 'forward' ? act() : applyCors(exchange, cors, serving.random, act);
  if (fault === undefined) checkOrigin();
  else injectFault(exchange, fault, serving.random, checkOrigin);
}

/** With the route, not when it is forwarded: the answers of filters are logged with the cluster, and changed as it says. */
function chooseCluster(exchange: Exchange, action: ForwardAction, serving: HttpServing): ChosenCluster | undefined {
  const entry = pickCluster(action.clusters, serving.random);
  if (entry === undefined) return undefined;
  const cluster = serving.clusters.get(entry.cluster);
  exchange.info.upstreamCluster = cluster?.config.name;
  exchange.info.upstreamClusterAltStatName = cluster?.config.altStatName;
  return { entry, cluster };
}

function performAction(
  exchange: Exchange,
  virtualHost: VirtualHost,
  route: Route,
  chosen: ChosenCluster | undefined,
  serving: HttpServing,
): void {
  const { action } = route;
  switch (action.kind) {
    case 'direct':
      exchange.sendLocalReply({ status: action.status, body: action.body, details: 'direct_response' });
      return;
    case 'redirect':
      redirectRequest(exchange, route.match, action);
      return;
    case 'forward':
      if (route.decoratorOperation !== '')
        exchange.headers.push('x-envoy-decorator-operation', route.decoratorOperation);
      forwardRequest(exchange, virtualHost, route, action, chosen, serving);
  }
}
