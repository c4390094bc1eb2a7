// One http rule of a VirtualService: unknown -> HttpRoute. A rule that cannot be used stays, answers 500, and never widens.
import { messagesField, stringField } from './fields.ts';
import { type Message, report } from './message.ts';
import { invalidWeights, parseRouteDestination } from './parse-destination.ts';
import { parseHttpMatches } from './parse-http-match.ts';
import type { HttpRoute, RouteDestination } from './virtual-service.ts';
import { httpRouteActions, httpRouteDestinationFields, switchesRetriesOff } from './virtual-service-fields.ts';

export function parseHttpRoute(message: Message, index: number): HttpRoute {
  const route = messagesField(message, 'route', httpRouteDestinationFields, parseRouteDestination);
  const invalid = invalidReason(message, route);
  // An action that is not served yet has said so already.
  if (invalid !== undefined && !(route.length === 0 && unservedAction(message)))
    report(message.context, message.path, {
      severity: 'error',
      code: 'TG0017',
      message: `The rule cannot be used: ${invalid}. Requests that match it are answered with 500.`,
      remedy: 'Give the rule a route with usable destinations and weights.',
    });
  return {
    index,
    name: stringField(message, 'name') || undefined,
    match: parseHttpMatches(message),
    route,
    unsupported: message.unsupported,
    invalid,
    ...(switchesRetriesOff(message.fields) ? { retries: { attempts: 0 } } : {}),
  };
}

function invalidReason(message: Message, route: readonly RouteDestination[]): string | undefined {
  if (message.broken.has('route')) return 'one of its destinations is not usable';
  if (route.length > 0) return invalidWeights(route);
  const action = unservedAction(message);
  return action === undefined ? 'it has no route' : `it has no route, and ${action} is not served yet`;
}

function unservedAction(message: Message): string | undefined {
  return message.unsupported.find((name) => httpRouteActions.includes(name));
}
