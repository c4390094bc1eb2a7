// Who may do what, made once from RBAC rules and from what others are asked about.
import type { DynamicMetadata } from './dynamic-metadata.ts';
import type { ExtAuthz } from './ext-authz-config.ts';
import type { JwtAuthn } from './jwt-config.ts';
import type { BodyLimit, LocalRateLimitFilter } from './rate-limit-config.ts';

/** What rules look at. */
export interface Access {
  /** Of a connection without requests: none. */
  readonly headerValues: (name: string) => readonly string[];
  /** Without its query. */
  readonly path: string | undefined;
  /** Of the peer, and of the client behind trusted proxies. */
  readonly directRemoteIp: string;
  readonly remoteIp: string;
  readonly localIp: string;
  readonly localPort: number;
  /** SNI; '' for none. */
  readonly serverName: string;
  /** Names of the client's certificate; none without one. */
  readonly principals: readonly string[];
  /** What filters before have written down. */
  readonly metadata: DynamicMetadata | undefined;
}

export type AccessCheck = (access: Access) => boolean;

export interface AccessControl {
  /** `allow` lets in only what a policy matches, `deny` only what none does, `log` everything. */
  readonly action: 'allow' | 'deny' | 'log';
  /** Sorted by name: the first that matches is the one that is named. */
  readonly policies: readonly { readonly name: string; readonly matches: AccessCheck }[];
}

export interface Rbac {
  readonly kind: 'rbac';
  /** What is found out is written down under it. */
  readonly namespace: string;
  readonly rules: AccessControl | undefined;
  /** Undefined: what the rules in force find is not written down, as in front of TCP. */
  readonly rulesPrefix: string | undefined;
  /** Judged and written down, and never in force. */
  readonly shadowRules: AccessControl | undefined;
  readonly shadowRulesPrefix: string;
}

/** Filters that decide whether a connection passes. */
export type TcpGuard = Rbac | ExtAuthz;
/** Filters that decide whether a request passes. */
export type Guard = TcpGuard | JwtAuthn | LocalRateLimitFilter | BodyLimit;
