// Which tokens (JWT) requests need, and what becomes of those that they have: Envoy's jwt_authn.
import type { KeyObject } from 'node:crypto';
import type { RouteMatch } from './route-match.ts';

export interface JwtAuthn {
  readonly kind: 'jwt';
  /** The first that matches counts; a request that none matches needs nothing. */
  readonly rules: readonly JwtRule[];
  /** What providers tell endpoints in; lower case. */
  readonly claimHeaders: ReadonlySet<string>;
  readonly bypassesPreflight: boolean;
}

export interface JwtRule {
  readonly match: RouteMatch;
  /** Undefined: nothing is needed. */
  readonly requires: JwtRequirement | undefined;
}

export type JwtRequirement =
  | {
      readonly kind: 'provider';
      readonly provider: JwtProvider;
      /** In place of the provider's own. */
      readonly audiences: readonly string[] | undefined;
    }
  | { readonly kind: 'any' | 'all'; readonly of: readonly JwtRequirement[] }
  /** Tokens of these providers that are there have to be good; `failed` forgives those that are not. */
  | { readonly kind: 'optional'; readonly providers: readonly JwtProvider[]; readonly forgives: boolean };

export interface JwtProvider {
  readonly name: string;
  /** '' is any. */
  readonly issuer: string;
  /** Empty: any. */
  readonly audiences: readonly string[];
  readonly keys: readonly JwtKey[];
  readonly clockSkewSeconds: number;
  readonly locations: JwtLocations;
  /** The token goes on to the endpoint. */
  readonly forwards: boolean;
  readonly payloadHeader: string | undefined;
  readonly padsPayloadHeader: boolean;
  readonly claimHeaders: readonly { readonly header: string; readonly claim: string }[];
  /** Name that the payload is written down by, for other filters. */
  readonly payloadInMetadata: string | undefined;
  readonly spaceDelimitedClaims: readonly string[];
  readonly clearsRouteCache: boolean;
}

/** Names in lower case. */
export interface JwtLocations {
  readonly headers: readonly { readonly name: string; readonly prefix: string }[];
  readonly params: readonly string[];
  readonly cookies: readonly string[];
}

export interface JwtKey {
  readonly kid: string | undefined;
  readonly alg: string | undefined;
  readonly kty: string;
  readonly key: KeyObject;
}
