// One match of an http rule → predicates in Envoy's terms, its regular expressions checked before a data plane sees them.
import { claimPath } from '../resources/names.ts';
import type { FieldPath } from '../resources/resource.ts';
import type { HttpMatch, NamedMatch, StringMatch, ValueMatch } from '../resources/virtual-service.ts';
import { checkRegex, literalPrefix } from './check-regex.ts';
import { resolveGatewayName } from './host-names.ts';
import type { BrokenMatch, HeaderMatch, ModelHttpMatch, PathMatch } from './model.ts';
import { type Finding, invalidRegex } from './report.ts';

export const everyRequest: ModelHttpMatch = {
  index: undefined,
  name: undefined,
  path: { kind: 'any' },
  headers: [],
  queryParams: [],
  sourceLabels: {},
  sourceNamespace: undefined,
  statPrefix: undefined,
  port: undefined,
  gateways: [],
  broken: undefined,
};

/** What one match finds while it is built. */
interface Checks {
  readonly path: FieldPath;
  readonly findings: Finding[];
  broken: BrokenMatch | undefined;
}

/** Reports a regular expression that no data plane takes. `affected` completes "Requests …". */
function isUsable(checks: Checks, field: FieldPath, regex: string, affected: string): boolean {
  const reason = checkRegex(regex);
  if (reason === undefined) return true;
  const path = [...checks.path, ...field, 'regex'];
  checks.broken ??= { reason: 'invalid regular expression', field: path };
  checks.findings.push(invalidRegex(regex, path, reason, `Requests ${affected} are answered with 500.`));
  return false;
}

/** Which requests a broken one meant cannot be known: those that share its beginning must not fall through to a later rule. */
function buildPath(checks: Checks, uri: StringMatch | undefined, ignoreCase: boolean): PathMatch {
  if (uri === undefined) return { kind: 'any' };
  if (uri.kind === 'regex') {
    const prefix = literalPrefix(uri.value);
    const affected = prefix === '' ? 'that reach this rule' : `whose path begins with ${prefix}`;
    if (!isUsable(checks, ['uri'], uri.value, affected)) return { kind: 'prefix', value: prefix, caseSensitive: true };
  }
  return { kind: uri.kind, value: uri.value, caseSensitive: !ignoreCase };
}

/** Instead of a header. */
function claimOf({ name }: Pick<NamedMatch, 'name'>): Pick<HeaderMatch, 'claim'> {
  const claim = claimPath(name);
  return claim === undefined ? {} : { claim };
}

/** With a broken regex a header is asked for only as far as is sure: that it is there. */
function namedMatches(checks: Checks, field: string, list: readonly NamedMatch[]): readonly NamedMatch[] {
  return list.map(({ name, match }) => {
    const what = field === 'queryParams' ? 'query parameter' : 'header';
    const isFine = match.kind !== 'regex' || isUsable(checks, [field, name], match.value, `with the ${what} ${name}`);
    return { name, match: isFine ? match : { kind: 'present' } };
  });
}

function inverted(checks: Checks, list: readonly NamedMatch[]): readonly HeaderMatch[] {
  return list.flatMap(({ name, match }) => {
    const field = ['withoutHeaders', name];
    if (match.kind === 'regex' && !isUsable(checks, field, match.value, 'that reach this rule')) return [];
    return [{ name, ...claimOf({ name }), match, invert: true }];
  });
}

function pseudoHeader(checks: Checks, name: 'method' | 'authority' | 'scheme', match: ValueMatch | undefined) {
  if (match === undefined) return [];
  const isFine = match.kind !== 'regex' || isUsable(checks, [name], match.value, 'that reach this rule');
  const known: ValueMatch = isFine ? match : { kind: 'present' };
  return [{ name: `:${name}`, match: known, invert: false }];
}

const pseudoHeaders = [':method', ':authority', ':scheme'];

/** By name, pseudo headers last. */
export const inIstioOrder = (headers: readonly HeaderMatch[]): readonly HeaderMatch[] =>
  headers.toSorted((a, b) => {
    const byKind = pseudoHeaders.indexOf(a.name) - pseudoHeaders.indexOf(b.name);
    return byKind || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  });

export function buildHttpMatch(
  match: HttpMatch,
  namespace: string,
  path: FieldPath,
  findings: Finding[],
): ModelHttpMatch {
  const checks: Checks = { path, findings, broken: undefined };
  const uri = buildPath(checks, match.uri, match.ignoreUriCase);
  const headers = [
    ...namedMatches(checks, 'headers', match.headers).map((named) => ({ ...named, ...claimOf(named), invert: false })),
    ...inverted(checks, match.withoutHeaders),
  ];
  return {
    index: match.index,
    name: match.name,
    path: uri,
    headers: inIstioOrder([
      ...headers,
      ...pseudoHeader(checks, 'method', match.method),
      ...pseudoHeader(checks, 'authority', match.authority),
      ...pseudoHeader(checks, 'scheme', match.scheme),
    ]),
    queryParams: namedMatches(checks, 'queryParams', match.queryParams),
    sourceLabels: match.sourceLabels,
    sourceNamespace: match.sourceNamespace,
    statPrefix: match.statPrefix,
    port: match.port,
    gateways: match.gateways.map((name) => resolveGatewayName(name, namespace)),
    broken: checks.broken,
  };
}
