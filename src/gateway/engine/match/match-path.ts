// The path predicate of a route, on a path without query string and fragment.
import type { RouteMatch } from '../config/engine-config.ts';

type PathMatch = RouteMatch['path'];

/** The path that is matched: without query string and fragment. */
export function pathOnly(path: string): string {
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code === 0x3f || code === 0x23) return path.slice(0, i);
  }
  return path;
}

export function matchesPath(match: PathMatch, path: string): boolean {
  switch (match.kind) {
    case 'exact':
      return match.caseSensitive
        ? path === match.value
        : path.length === match.value.length && startsWithIgnoringCase(path, match.value);
    case 'prefix':
      return startsWith(path, match.value, match.caseSensitive);
    case 'pathSeparatedPrefix':
      return (
        startsWith(path, match.value, match.caseSensitive) &&
        (path.length === match.value.length || path[match.value.length] === '/')
      );
    case 'regex':
      return match.matches(path);
  }
}

/** How much of the path the match stands for: its prefix, or all of it before the query. */
export function matchedLength(match: PathMatch, path: string): number {
  return match.kind === 'prefix' || match.kind === 'pathSeparatedPrefix' ? match.value.length : pathOnly(path).length;
}

/** For a reader: `prefix /v2`. */
export function describePath(match: PathMatch): string {
  if (match.kind === 'regex') return `regex ${match.source}`;
  return `${match.kind} ${match.value}${match.caseSensitive ? '' : ' (any case)'}`;
}

function startsWith(path: string, prefix: string, caseSensitive: boolean): boolean {
  return caseSensitive ? path.startsWith(prefix) : startsWithIgnoringCase(path, prefix);
}

/** ASCII letters only, as Envoy: other bytes have no case in a path. */
function startsWithIgnoringCase(path: string, prefix: string): boolean {
  if (path.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++)
    if (lowerCase(path.charCodeAt(i)) !== lowerCase(prefix.charCodeAt(i))) return false;
  return true;
}

const lowerCase = (code: number): number => (code >= 65 && code <= 90 ? code + 32 : code);
