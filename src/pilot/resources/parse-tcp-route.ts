// One tcp or tls rule of a VirtualService: unknown -> TcpRoute or TlsRoute. A rule that cannot be used is left out.
import { messagesField, portField, reportMissing, stringsField } from './fields.ts';
import { type FieldTable, type Message, report, reportInvalid, shorten } from './message.ts';
import { isHost } from './names.ts';
import { invalidWeights, parseRouteDestination } from './parse-destination.ts';
import type { RouteDestination, TcpMatch, TcpRoute, TlsMatch, TlsRoute } from './virtual-service.ts';
import { routeDestinationFields, tcpMatchFields, tlsMatchFields } from './virtual-service-fields.ts';

export function parseTcpRoute(message: Message, index: number): TcpRoute | undefined {
  return parseRule(message, index, tcpMatchFields, parseTcpMatch);
}

export function parseTlsRoute(message: Message, index: number): TlsRoute | undefined {
  const rule = parseRule(message, index, tlsMatchFields, parseTlsMatch);
  if (rule?.match.length === 0) {
    reportMissing(message, 'match', 'The rule takes no connection.', 'Give it a match with sniHosts.');
    return undefined;
  }
  return rule;
}

interface Rule<Match> {
  readonly index: number;
  readonly match: readonly Match[];
  readonly route: readonly RouteDestination[];
}

function parseRule<Match>(
  message: Message,
  index: number,
  matchFields: FieldTable,
  parseMatch: (message: Message, index: number) => Match | undefined,
): Rule<Match> | undefined {
  const match = messagesField(message, 'match', matchFields, parseMatch);
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

function parseTlsMatch(message: Message, index: number): TlsMatch | undefined {
  const sniHosts = stringsField(message, 'sniHosts', (host, path) => {
    if (isHost(host) && !host.includes(':')) return true;
    const remedy = 'Write `host`, `*.host` or `*`.';
    reportInvalid(message.context, path, `is ${shorten(host)}, which is no host`, 'The entry is left out.', remedy);
    return false;
  }).map((host) => host.toLowerCase());
  if (sniHosts.length === 0)
    reportMissing(message, 'sniHosts', 'The match takes no connection.', 'Name the hosts that clients ask for by SNI.');
  // What is left out of the hosts narrows the match; anything else would widen it.
  message.broken.delete('sniHosts');
  const match = parseTcpMatch(message, index);
  return match === undefined || sniHosts.length === 0 ? undefined : { ...match, sniHosts: [...new Set(sniHosts)] };
}
