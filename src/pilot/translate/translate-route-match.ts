// What a route matches: path, headers and query parameters as Envoy's predicates.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type HeaderMatcherSchema,
  type QueryParameterMatcherSchema,
  type RouteMatch,
  RouteMatchSchema,
} from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { StringMatcherSchema } from '../../xds/generated/envoy/type/matcher/v3/string_pb.ts';
import type { HeaderMatch, PathMatch } from '../model/model.ts';
import type { RouteView } from '../model/proxy-view.ts';
import { translateClaim, translatePresentClaim } from './translate-claim-match.ts';

type ValueMatch = HeaderMatch['match'];
type StringMatcher = MessageInitShape<typeof StringMatcherSchema>;

function pathSpecifier(
  path: PathMatch,
): Pick<MessageInitShape<typeof RouteMatchSchema>, 'pathSpecifier' | 'caseSensitive'> {
  if (path.kind === 'any') return { pathSpecifier: { case: 'prefix', value: '/' } };
  const { value, caseSensitive } = path;
  if (path.kind === 'exact') return { pathSpecifier: { case: 'path', value }, caseSensitive };
  if (path.kind === 'pathSeparatedPrefix')
    return { pathSpecifier: { case: 'pathSeparatedPrefix', value }, caseSensitive };
  if (path.kind === 'prefix') return { pathSpecifier: { case: 'prefix', value }, caseSensitive };
  return { pathSpecifier: { case: 'safeRegex', value: { regex: value } }, caseSensitive };
}

export function stringMatcher({ kind, value }: Exclude<ValueMatch, { kind: 'present' }>): StringMatcher {
  if (kind === 'regex') return { matchPattern: { case: 'safeRegex', value: { regex: value } } };
  return { matchPattern: { case: kind, value } };
}

function headerMatcher({ name, match, invert }: HeaderMatch): MessageInitShape<typeof HeaderMatcherSchema> {
  const inverted = invert ? { invertMatch: true } : {};
  if (match.kind === 'present')
    return { name, headerMatchSpecifier: { case: 'presentMatch', value: true }, ...inverted };
  return {
    name,
    headerMatchSpecifier: { case: 'stringMatch', value: stringMatcher(match) },
    ...inverted,
    // Without it a request that lacks the header would fail the inverted match too.
    ...(invert ? { treatMissingHeaderAsEmpty: true } : {}),
  };
}

function queryParameterMatcher({
  name,
  match,
}: Omit<HeaderMatch, 'invert'>): MessageInitShape<typeof QueryParameterMatcherSchema> {
  return match.kind === 'present'
    ? { name, queryParameterMatchSpecifier: { case: 'presentMatch', value: true } }
    : { name, queryParameterMatchSpecifier: { case: 'stringMatch', value: stringMatcher(match) } };
}

export function translateRouteMatch(route: Pick<RouteView, 'path' | 'headers' | 'queryParams'>): RouteMatch {
  const { path, headers, queryParams } = route;
  // Istio says the case of an implied path as soon as there are other predicates.
  const implied = path.kind === 'any' && headers.length + queryParams.length > 0 ? { caseSensitive: true } : {};
  return create(RouteMatchSchema, {
    ...pathSpecifier(path),
    ...implied,
    headers: headers.filter(({ claim }) => claim === undefined).map(headerMatcher),
    queryParameters: queryParams.map(queryParameterMatcher),
    dynamicMetadata: headers.flatMap(({ claim, match, invert }) => {
      if (claim === undefined) return [];
      return match.kind === 'present'
        ? translatePresentClaim(claim, invert)
        : translateClaim(claim, stringMatcher(match), invert);
    }),
  });
}
