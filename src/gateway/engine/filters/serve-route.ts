// What a route says is done with a request: answered here, or forwarded to a cluster.
import type { Route, VirtualHost } from '../config/engine-config.ts';
import { requestedUpgrade } from '../http/check-request.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { forwardRequest } from './forward-request.ts';
import { changeResponses } from './prepare-upstream-request.ts';
import { redirectRequest } from './redirect-request.ts';

export function serveRoute(exchange: Exchange, virtualHost: VirtualHost, route: Route, serving: HttpServing): void {
  exchange.info.routeName = route.name;
  const { action } = route;
  switch (action.kind) {
    case 'direct':
      changeResponses(exchange, [route.headers]);
      exchange.sendLocalReply({ status: action.status, body: action.body, details: 'direct_response' });
      return;
    case 'redirect':
      changeResponses(exchange, [route.headers]);
      redirectRequest(exchange, route.match, action);
      return;
    case 'forward':
      // Answered here as Envoy answers upgrades that it does not offer; redirects and direct responses need none.
      if (requestedUpgrade(exchange.stream) !== undefined) {
        exchange.sendLocalReply({ status: 403, body: '', details: 'upgrade_failed', close: true });
        return;
      }
      if (route.decoratorOperation !== '')
        exchange.headers.push('x-envoy-decorator-operation', route.decoratorOperation);
      forwardRequest(exchange, virtualHost, route, action, serving);
  }
}
