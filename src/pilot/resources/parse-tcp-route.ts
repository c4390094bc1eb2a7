// One tcp rule of a VirtualService: unknown -> TcpRoute. A rule that cannot be used is left out.
import { messagesField, portField, stringsField } from './fields.ts';
import { type Message, report } from './message.ts';
import { invalidWeights, parseRouteDestination } from './parse-destination.ts';
import type { TcpMatch, TcpRoute } from './virtual-service.ts';
import { routeDestinationFields, tcpMatchFields } from './virtual-service-fields.ts';

export function parseTcpRoute(message: Message, index: number): TcpRoute | undefined {
  const match = messagesField(message, 'match', tcpMatchFields, parseTcpMatch);
  const route = messagesField(message, 'route', routeDestinationFields, parseRouteDestination);
  const invalid = message.broken.has('route')
    ? 'one of its destinations is not usable'
    : route.length === 0
      ? 'it has no route'
      : // Without its broken matches the rule would take every connection.
        message.broken.has('match') && match.length === 0
        ? 'none of its matches is usable'
        : invalidWeights(route);
  if (invalid === undefined) return { index, match, route };
  report(message.context, message.path, {
    severity: 'error',
    code: 'TG0017',
    message: `The rule cannot be used: ${invalid}. It is left out; its connections find no route.`,
    remedy: 'Give the rule usable matches, destinations and weights.',
  });
  return undefined;
}

function parseTcpMatch(message: Message, index: number): TcpMatch | undefined {
  const port = message.fields.port === 0 ? undefined : portField(message, 'port');
  const gateways = stringsField(message, 'gateways');
  return message.broken.size > 0 ? undefined : { index, port, gateways };
}
