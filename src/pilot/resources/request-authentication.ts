// Istio's RequestAuthentication: which tokens count, where they are looked for, and what is told of them.

export interface RequestAuthenticationSpec {
  /** Labels of the gateways that it is for; empty is every one. */
  readonly selector: Readonly<Record<string, string>>;
  /** It is for something else than a gateway's pods. */
  readonly isForOthers: boolean;
  readonly rules: readonly JwtRule[];
}

export interface JwtRule {
  readonly issuer: string;
  /** Empty: any. */
  readonly audiences: readonly string[];
  /** The keys themselves, as JSON. */
  readonly jwks: string | undefined;
  /** Where keys are fetched from; without it and `jwks` they are found by OpenID Connect Discovery at the issuer. */
  readonly jwksUri: string | undefined;
  /** With the next two empty: `Authorization: Bearer` and the query parameter access_token. */
  readonly fromHeaders: readonly { readonly name: string; readonly prefix: string }[];
  readonly fromParams: readonly string[];
  readonly fromCookies: readonly string[];
  readonly outputPayloadToHeader: string | undefined;
  readonly outputClaimToHeaders: readonly { readonly header: string; readonly claim: string }[];
  readonly forwardOriginalToken: boolean;
  /** Beside `scope` and `permission`. */
  readonly spaceDelimitedClaims: readonly string[];
  /** Milliseconds that fetching keys may take; undefined is Istio's 5 s. */
  readonly timeoutMs: number | undefined;
  /** Position in `jwtRules`. */
  readonly index: number;
}
