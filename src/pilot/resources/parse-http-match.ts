// The matches of an http rule: unknown -> HttpMatch. One that cannot be read stays, and never applies.
import {
  booleanField,
  givenField,
  messageField,
  messageMapField,
  portField,
  stringField,
  stringMapField,
  stringsField,
} from './fields.ts';
import { type Message, openMessage, reportInvalid, shorten } from './message.ts';
import { claimPath, isHeaderName } from './names.ts';
import { parsePathMatch, parseValueMatch } from './parse-string-match.ts';
import type { HttpMatch, NamedMatch } from './virtual-service.ts';
import { httpMatchFieldsOf, stringMatchFields } from './virtual-service-fields.ts';

/** All entries, the unusable ones as matches that never apply: without them the rule would take every request. */
export function parseHttpMatches(message: Message): readonly HttpMatch[] {
  const value = givenField(message, 'match');
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    const remedy = 'Start each match with `- `.';
    reportInvalid(message.context, [...message.path, 'match'], 'is not a list', 'The rule never matches.', remedy);
    return [unusableMatch(0)];
  }
  return value.map((entry: unknown, index) => {
    const match = openMessage(message.context, [...message.path, 'match', index], entry, httpMatchFieldsOf(entry));
    return match ? parseHttpMatch(match, index) : unusableMatch(index);
  });
}

function unusableMatch(index: number): HttpMatch {
  return {
    index,
    name: undefined,
    uri: undefined,
    ignoreUriCase: false,
    scheme: undefined,
    method: undefined,
    authority: undefined,
    headers: [],
    withoutHeaders: [],
    queryParams: [],
    port: undefined,
    gateways: [],
    sourceLabels: {},
    sourceNamespace: undefined,
    statPrefix: undefined,
    unsupported: ['match'],
  };
}

const conditions = [
  ...['uri', 'scheme', 'method', 'authority', 'headers', 'withoutHeaders', 'queryParams', 'port', 'gateways'],
  ...['sourceLabels', 'sourceNamespace'],
];

function parseHttpMatch(message: Message, index: number): HttpMatch {
  const gateways = stringsField(message, 'gateways');
  const valueMatch = (name: string) => messageField(message, name, stringMatchFields, parseValueMatch);
  const match = {
    index,
    name: stringField(message, 'name') || undefined,
    uri: messageField(message, 'uri', stringMatchFields, parsePathMatch)?.match,
    ignoreUriCase: booleanField(message, 'ignoreUriCase') ?? false,
    scheme: valueMatch('scheme'),
    method: valueMatch('method'),
    authority: valueMatch('authority'),
    headers: parseNamedMatches(message, 'headers'),
    withoutHeaders: parseNamedMatches(message, 'withoutHeaders'),
    queryParams: parseNamedMatches(message, 'queryParams'),
    port: message.fields.port === 0 ? undefined : portField(message, 'port'),
    gateways,
    // With gateways in the match, conditions on the client's workload are void.
    sourceLabels: gateways.length > 0 ? {} : stringMapField(message, 'sourceLabels'),
    sourceNamespace: gateways.length > 0 ? undefined : stringField(message, 'sourceNamespace') || undefined,
    statPrefix: stringField(message, 'statPrefix') || undefined,
  };
  const broken = conditions.filter((name) => message.broken.has(name));
  return { ...match, unsupported: [...message.unsupported, ...broken] };
}

/** Sorted by name, as Istio does it. */
function parseNamedMatches(message: Message, field: string): readonly NamedMatch[] {
  return messageMapField(message, field, stringMatchFields, (item, name) => {
    if (!checkName(item, field, name)) return undefined;
    const match = parseValueMatch(item);
    return match && { name, match };
  }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const neverMatches = 'The match never applies.';

function checkName(item: Message, field: string, name: string): boolean {
  if (field === 'queryParams') {
    if (name !== '' && Buffer.byteLength(name) <= 1024) return true;
    const what = 'is no name of a query parameter';
    reportInvalid(item.context, item.path, what, neverMatches, 'Write a name of 1 to 1024 bytes.');
    return false;
  }
  if (isHeaderName(name) || claimPath(name) !== undefined) return true;
  if (name.startsWith('@')) {
    const what = `is ${shorten(name)}, which names no claim of a token`;
    reportInvalid(item.context, item.path, what, neverMatches, "Write '@request.auth.claims[name]'.");
    return false;
  }
  const what = `is ${shorten(name)}, which is no header name`;
  reportInvalid(item.context, item.path, what, neverMatches, 'Use letters, digits and - only.');
  return false;
}
