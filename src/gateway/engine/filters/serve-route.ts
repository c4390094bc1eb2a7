// What a route says is done with a request: answered here, or forwarded to a cluster.
import type { Exchange } from '../http/exchange.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { applyCors } from './apply-cors.ts';
import { forwardRequest } from './forward-request.ts';
import { injectFault } from './inject-fault.ts';
import { redirectRequest, redirectToTls } from './redirect-request.ts';
import type { SelectedRoute } from './select-route.ts';

export function serveRoute(exchange: Exchange, selected: SelectedRoute, serving: HttpServing): void {
  const { counters } = exchange.statistics;
  if (selected.kind === 'none') {
    counters.rq_total++;
    counters.no_route++;
    exchange.sendLocalReply({ status: 404, body: '', details: 'route_not_found', flags: ['NR'] });
    return;
  }
  if (selected.kind === 'redirect to tls') {
    counters.rq_total++;
    counters.rq_direct_response++;
    redirectToTls(exchange);
    return;
  }
  const { action, fault, cors } = selected.route;
  const act = (): void => performAction(exchange, selected, serving);
  const checkOrigin = (): void =>
    cors === undefined || action.kind !== 'forward' ? act() : applyCors(exchange, cors, serving.random, act);
  if (fault === undefined) checkOrigin();
  else injectFault(exchange, fault, serving.random, checkOrigin);
}

function performAction(
  exchange: Exchange,
  { virtualHost, route, chosen }: Extract<SelectedRoute, { readonly kind: 'route' }>,
  serving: HttpServing,
): void {
  const { action } = route;
  const { counters } = exchange.statistics;
  counters.rq_total++;
  if (action.kind !== 'forward') counters.rq_direct_response++;
  switch (action.kind) {
    case 'direct':
      exchange.sendLocalReply({ status: action.status, body: action.body, details: 'direct_response' });
      return;
    case 'redirect':
      redirectRequest(exchange, route.match, action);
      return;
    case 'forward':
      forwardRequest(exchange, virtualHost, route, action, chosen, serving);
  }
}
