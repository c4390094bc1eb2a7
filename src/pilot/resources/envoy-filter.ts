// Istio's EnvoyFilter: changes of the Envoy resources themselves, each with what it is for and how it is done.

export type ApplyTo =
  | 'LISTENER'
  | 'FILTER_CHAIN'
  | 'NETWORK_FILTER'
  | 'HTTP_FILTER'
  | 'LISTENER_FILTER'
  | 'ROUTE_CONFIGURATION'
  | 'VIRTUAL_HOST'
  | 'HTTP_ROUTE'
  | 'CLUSTER'
  | 'EXTENSION_CONFIG';

export type PatchOperation =
  | 'MERGE'
  | 'MERGE_AND_REPLACE_LIST'
  | 'ADD'
  | 'REMOVE'
  | 'INSERT_BEFORE'
  | 'INSERT_AFTER'
  | 'INSERT_FIRST'
  | 'REPLACE';

export interface EnvoyFilterSpec {
  /** Labels of the gateways that it is for; empty is every one. */
  readonly selector: Readonly<Record<string, string>>;
  /** It is for something else than a gateway's pods. */
  readonly isForOthers: boolean;
  /** The least is applied first. */
  readonly priority: number;
  /** Those that can mean something to a gateway. */
  readonly patches: readonly ConfigPatch[];
}

export interface ConfigPatch {
  /** Position in `configPatches`. */
  readonly index: number;
  readonly applyTo: ApplyTo;
  readonly operation: PatchOperation;
  readonly proxy: ProxyMatch;
  /** Undefined: any; at most one of the three. */
  readonly listener: ListenerMatch | undefined;
  readonly routeConfiguration: RouteConfigurationMatch | undefined;
  readonly cluster: ClusterMatch | undefined;
  /** Protobuf JSON; undefined where there is none, which only REMOVE allows. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
}

export interface ProxyMatch {
  /** RE2, searched in the version of Istio that the proxy says it is of. */
  readonly proxyVersion: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is undefined matches anything. */
export interface ListenerMatch {
  /** That the listener has in a cluster, whatever this machine binds. */
  readonly portNumber: number | undefined;
  readonly name: string | undefined;
  readonly listenerFilter: string | undefined;
  readonly filterChain: FilterChainMatch | undefined;
}

export interface FilterChainMatch {
  readonly name: string | undefined;
  readonly sni: string | undefined;
  readonly transportProtocol: string | undefined;
  /** The chain has all of them. */
  readonly applicationProtocols: readonly string[];
  readonly destinationPort: number | undefined;
  readonly filter: string | undefined;
  /** HTTP filter inside of `filter`. */
  readonly subFilter: string | undefined;
}

export interface RouteConfigurationMatch {
  readonly portNumber: number | undefined;
  readonly portName: string | undefined;
  /** `namespace/name`. */
  readonly gateway: string | undefined;
  readonly name: string | undefined;
  readonly vhost:
    | {
        readonly name: string | undefined;
        readonly domainName: string | undefined;
        readonly route: RouteMatch | undefined;
      }
    | undefined;
}

export type RouteAction = 'ANY' | 'ROUTE' | 'REDIRECT' | 'DIRECT_RESPONSE';

export interface RouteMatch {
  readonly name: string | undefined;
  readonly action: RouteAction;
}

export interface ClusterMatch {
  readonly portNumber: number | undefined;
  readonly service: string | undefined;
  readonly subset: string | undefined;
  readonly name: string | undefined;
}
