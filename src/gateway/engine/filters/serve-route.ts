// What a route says is done with a request: answered here, or forwarded to a cluster.
import type { Route, VirtualHost } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { forwardRequest } from './forward-request.ts';

export function serveRoute(exchange: Exchange, virtualHost: VirtualHost, route: Route, serving: HttpServing): void {
  exchange.info.routeName = route.name;
  const { action } = route;
  switch (action.kind) {
    case 'direct':
      exchange.sendLocalReply({ status: action.status, body: action.body, details: 'direct_response' });
      return;
    case 'forward':
      if (route.decoratorOperation !== '')
        exchange.headers.push('x-envoy-decorator-operation', route.decoratorOperation);
      forwardRequest(exchange, virtualHost, action, serving);
  }
}
