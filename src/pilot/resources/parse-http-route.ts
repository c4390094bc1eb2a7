// One http rule of a VirtualService: unknown -> HttpRoute. A rule that cannot be used stays, answers 500, and never widens.
import {
  booleanField,
  givenField,
  messageField,
  messagesField,
  portField,
  stringField,
  stringsField,
} from './fields.ts';
import { type Message, openMessage, report, reportInvalid } from './message.ts';
import { invalidWeights, parseRouteDestination } from './parse-destination.ts';
import type { HttpMatch, HttpRoute, RouteDestination, StringMatch } from './virtual-service.ts';
import {
  httpMatchFieldsOf,
  httpRouteActions,
  httpRouteDestinationFields,
  stringMatchFields,
  switchesRetriesOff,
} from './virtual-service-fields.ts';

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
    match: parseMatches(message),
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

/** All entries, the unusable ones as matches that never apply: without them the rule would take every request. */
function parseMatches(message: Message): readonly HttpMatch[] {
  const value = givenField(message, 'match');
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    const consequence = 'The rule never matches.';
    reportInvalid(
      message.context,
      [...message.path, 'match'],
      'is not a list',
      consequence,
      'Start each match with `- `.',
    );
    return [unusableMatch(0)];
  }
  return value.map((entry: unknown, index) => {
    const match = openMessage(message.context, [...message.path, 'match', index], entry, httpMatchFieldsOf(entry));
    return match ? parseHttpMatch(match, index) : unusableMatch(index);
  });
}

function unusableMatch(index: number): HttpMatch {
  const conditions = { uri: undefined, ignoreUriCase: false, port: undefined, gateways: [] };
  return { index, name: undefined, ...conditions, unsupported: ['match'] };
}

function parseHttpMatch(message: Message, index: number): HttpMatch {
  const match = {
    index,
    name: stringField(message, 'name') || undefined,
    uri: parseUri(message),
    ignoreUriCase: booleanField(message, 'ignoreUriCase') ?? false,
    port: message.fields.port === 0 ? undefined : portField(message, 'port'),
    gateways: stringsField(message, 'gateways'),
  };
  const conditions = ['uri', 'port', 'gateways'].filter((name) => message.broken.has(name));
  return { ...match, unsupported: [...message.unsupported, ...conditions] };
}

function parseUri(message: Message): StringMatch | undefined {
  return messageField(message, 'uri', stringMatchFields, parseStringMatch)?.match;
}

/** `{ match: undefined }` for one without a kind, which matches everything; undefined where it cannot be used. */
function parseStringMatch(message: Message): { match: StringMatch | undefined } | undefined {
  const matches = (['exact', 'prefix', 'regex'] as const).flatMap((kind) => {
    const value = stringField(message, kind);
    return value === undefined ? [] : [{ kind, value }];
  });
  if (message.broken.size > 0) return undefined;
  if (matches.length > 1) {
    const what = `has ${matches.map(({ kind }) => kind).join(' and ')} together`;
    reportInvalid(
      message.context,
      message.path,
      what,
      'The match never applies.',
      'Keep one; write one match for each.',
    );
    return undefined;
  }
  if (matches.length === 0)
    report(message.context, message.path, {
      severity: 'warning',
      code: 'IST0106',
      message: 'The match names neither exact nor prefix nor regex. Every path matches it.',
      remedy: 'Write `prefix: /` if that is meant.',
    });
  return { match: matches[0] };
}
