// The predicates of a route beside its path, on the request as the connection manager has cleaned it.
import type { HeaderMatcher, QueryParameterMatcher } from '../config/engine-config.ts';

/** `values`: each value of the header as it was sent; Envoy tries them one by one, and none means that it is missing. */
export function matchesHeader(matcher: HeaderMatcher, values: readonly string[]): boolean {
  const { value, invert, treatMissingAsEmpty } = matcher;
  if (value === undefined) return (values.length > 0 || treatMissingAsEmpty) !== invert;
  // An inverted match does not hold either where the header is missing.
  if (values.length === 0) return treatMissingAsEmpty && value.matches('') !== invert;
  return values.some((text) => value.matches(text)) !== invert;
}

/** Of a query string names and values count as they were sent, undecoded, and of a repeated name the first. */
export function matchesQueryParameter(
  matcher: QueryParameterMatcher,
  parameters: ReadonlyMap<string, string>,
): boolean {
  const value = parameters.get(matcher.name);
  if (value === undefined) return false;
  return matcher.value === undefined || matcher.value.matches(value);
}

export function parseQuery(path: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const start = path.indexOf('?');
  if (start < 0) return parameters;
  const fragment = path.indexOf('#', start);
  for (const pair of path.slice(start + 1, fragment < 0 ? undefined : fragment).split('&')) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    if (!parameters.has(name)) parameters.set(name, equals < 0 ? '' : pair.slice(equals + 1));
  }
  return parameters;
}
