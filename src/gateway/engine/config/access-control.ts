// Who may do what, made once from RBAC rules.

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
}

export type AccessCheck = (access: Access) => boolean;

export interface AccessControl {
  /** `allow` lets in only what a policy matches, `deny` only what none does. */
  readonly action: 'allow' | 'deny';
  /** Sorted by name: the first that matches is the one that is named. */
  readonly policies: readonly { readonly name: string; readonly matches: AccessCheck }[];
}
