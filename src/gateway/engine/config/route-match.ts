// What a request has to be for a route, or for a rule of a filter, as the engine uses it.
import type { DynamicMetadata } from './dynamic-metadata.ts';
import type { ValueMatcher } from './tls-config.ts';

export interface RouteMatch {
  readonly path:
    | { readonly kind: 'exact'; readonly value: string; readonly caseSensitive: boolean }
    | { readonly kind: 'prefix'; readonly value: string; readonly caseSensitive: boolean }
    /** `/a` matches `/a` and `/a/b`, not `/ab`. */
    | { readonly kind: 'pathSeparatedPrefix'; readonly value: string; readonly caseSensitive: boolean }
    /** Compiled once; `matches` is a full match as Envoy's safe_regex. */
    | { readonly kind: 'regex'; readonly source: string; readonly matches: (path: string) => boolean };
  /** All have to hold. */
  readonly headers?: readonly HeaderMatcher[];
  readonly queryParameters?: readonly QueryParameterMatcher[];
  /** On what filters have written down. */
  readonly dynamicMetadata?: readonly ((metadata: DynamicMetadata | undefined) => boolean)[];
}

export interface HeaderMatcher {
  /** Lower case; pseudo headers with their colon. */
  readonly name: string;
  /** Undefined: whether it is there decides. */
  readonly value: ValueMatcher | undefined;
  readonly invert: boolean;
  readonly treatMissingAsEmpty: boolean;
}

export interface QueryParameterMatcher {
  readonly name: string;
  /** Undefined: it has to be there. */
  readonly value: ValueMatcher | undefined;
}
