// What the engine serves from: small immutable types made once from xDS, so that nothing on a request's path touches protobuf.
import type { Guard, TcpGuard } from './access-control.ts';
import type { ClusterConfig } from './cluster-config.ts';
import type { Compression } from './compression-config.ts';
import type { HeaderMutations } from './header-mutations.ts';
import type { RateLimitOverrides } from './rate-limit-config.ts';
import type { RouteMatch } from './route-match.ts';
import type { DownstreamTls, ValueMatcher } from './tls-config.ts';

export type * from './access-control.ts';
export type * from './cluster-config.ts';
export type * from './compression-config.ts';
export type * from './dynamic-metadata.ts';
export type * from './ext-authz-config.ts';
export type * from './header-mutations.ts';
export type * from './jwt-config.ts';
export type * from './rate-limit-config.ts';
export type * from './route-match.ts';
export type * from './tls-config.ts';

export interface EngineConfig {
  /** By listener name. */
  readonly listeners: ReadonlyMap<string, ListenerConfig>;
  /** By route configuration name. */
  readonly routes: ReadonlyMap<string, RouteTable>;
  /** By key: the route configuration that it leads to. */
  readonly scopes: ReadonlyMap<string, string>;
  /** By cluster name. Endpoints that changed are a new ClusterConfig; the pool behind it lives on. */
  readonly clusters: ReadonlyMap<string, ClusterConfig>;
  /** By SDS name. */
  readonly secrets: ReadonlyMap<string, SecretConfig>;
}

/** The parts of a request's scope key; undefined where it has none. `values` gives those of a header, in lower case. */
export type ScopeKeyBuilder = (values: (name: string) => readonly string[]) => readonly string[] | undefined;

export interface ScopeConfig {
  readonly key: string;
  readonly routeConfigName: string;
}

export interface ListenerConfig {
  readonly name: string;
  /** Hash of the resource: equal versions are the same listener. */
  readonly version: string;
  readonly address: string;
  readonly port: number;
  /** Looks into the ClientHello for SNI and ALPN before a chain is chosen. */
  readonly tlsInspector: boolean;
  /** Every connection begins with a PROXY header; others are closed. */
  readonly proxyProtocol?: 'required' | 'optional';
  /** Bytes in memory per connection and direction before reading stops. */
  readonly perConnectionBufferLimitBytes: number;
  readonly filterChains: readonly FilterChainConfig[];
  /** Serves connections that no chain matches; undefined: they are closed, flag NR, details filter_chain_not_found. */
  readonly defaultFilterChain: FilterChainConfig | undefined;
  /** The listener's own log: of connections that no chain takes. */
  readonly accessLogs: readonly AccessLogConfig[];
  /** Milliseconds that listener filters may take; 0 for no limit. */
  readonly listenerFiltersTimeoutMs: number;
}

export interface FilterChainConfig {
  readonly name: string;
  readonly match: {
    /** Lower case; `*.example.com` for a suffix. Empty matches any. */
    readonly serverNames: readonly string[];
    readonly transportProtocol: '' | 'tls' | 'raw_buffer';
    readonly applicationProtocols: readonly string[];
  };
  readonly tls: DownstreamTls | undefined;
  /** Milliseconds for the handshake; 0 for no limit. */
  readonly transportSocketConnectTimeoutMs: number;
  readonly network: HttpConnectionManager | TcpProxy;
}

export type EscapedSlashes = 'KEEP_UNCHANGED' | 'REJECT_REQUEST' | 'UNESCAPE_AND_REDIRECT' | 'UNESCAPE_AND_FORWARD';

/** What x-forwarded-client-cert says, and what becomes of the client's own. */
export interface ForwardClientCert {
  /** Envoy's forward_client_cert_details; SANITIZE is no ForwardClientCert at all. */
  readonly mode: 'FORWARD_ONLY' | 'APPEND_FORWARD' | 'SANITIZE_SET' | 'ALWAYS_FORWARD_ONLY';
  readonly cert: boolean;
  readonly chain: boolean;
  readonly subject: boolean;
  readonly uri: boolean;
  readonly dns: boolean;
}

/** How long requests and connections of clients may take, in milliseconds; 0 for no limit. */
export interface DownstreamLimits {
  /** A connection without requests. */
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  /** A request and its answer. */
  readonly maxStreamDurationMs: number;
  /** Until the last byte of a request is here. */
  readonly requestTimeoutMs: number;
  /** From the first byte of a request to the last of its head. */
  readonly requestHeadersTimeoutMs: number;
  readonly maxConcurrentStreams: number;
  /** Bytes in flight that a client may send on a stream, and on a connection. */
  readonly initialStreamWindowBytes: number;
  readonly initialConnectionWindowBytes: number;
}

export interface HttpConnectionManager {
  readonly kind: 'http';
  readonly statPrefix: string;
  /** Empty where routes are scoped. */
  readonly routeConfigName: string;
  readonly scopedRoutes?: { readonly keyOf: ScopeKeyBuilder; readonly fallsBack: boolean };
  readonly serverName: string;
  /** When `server` of an answer is left alone; absent: never. */
  readonly keepsServer?: 'ALWAYS' | 'IF_PRESENT';
  /** Absent: true. */
  readonly generateRequestId?: boolean;
  readonly appendXForwardedPort?: boolean;
  /** The router adds no `x-envoy-` headers that only explain. */
  readonly suppressEnvoyHeaders?: boolean;
  readonly useRemoteAddress: boolean;
  readonly xffNumTrustedHops: number;
  /** Undefined: endpoints are told nothing of client certificates. */
  readonly forwardClientCert: ForwardClientCert | undefined;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  /** What becomes of `%2F` and `%5C`. */
  readonly escapedSlashes: EscapedSlashes;
  /** Of header names with an underscore; absent: they are like others. */
  readonly headersWithUnderscores?: 'REJECT_REQUEST' | 'DROP_HEADER';
  readonly limits: DownstreamLimits;
  /** Milliseconds; 0 for none. */
  readonly streamIdleTimeoutMs: number;
  readonly maxRequestHeadersKb: number;
  readonly maxRequestHeadersCount: number;
  readonly upgradeTypes: readonly string[];
  /** Names of the HTTP filters in order; those the engine does not know are listed in the config's warnings. */
  readonly httpFilters: readonly string[];
  /** In order; each may refuse. Absent: nobody does. */
  readonly guards?: readonly Guard[];
  /** Of answers; absent: they go as they are. */
  readonly compression?: Compression;
  /** Endpoints see header names of HTTP/1.1 as clients write them. */
  readonly preservesHeaderCase?: boolean;
  /** Whether gRPC-Web is made gRPC. */
  readonly grpcWeb: boolean;
  readonly accessLogs: readonly AccessLogConfig[];
}

export interface TcpProxy {
  readonly kind: 'tcp';
  readonly statPrefix: string;
  readonly clusters: WeightedClusters;
  /** Milliseconds; 0 for none. Envoy's default is one hour. */
  readonly idleTimeoutMs: number;
  /** Endpoints are proxies, which are asked to connect further. */
  readonly tunnel?: TcpTunnel;
  /** In order; each may refuse. Absent: nobody does. */
  readonly guards?: readonly TcpGuard[];
  /** Consistent load balancing tells connections by the client's address; absent: by nothing. */
  readonly hashesSourceIp?: boolean;
  readonly accessLogs: readonly AccessLogConfig[];
}

/** Where to, `host:port`, and how that is asked for. */
export type TcpTunnel =
  | { readonly method: 'CONNECT'; readonly target: string }
  | { readonly method: 'POST'; readonly target: string; readonly path: string };

export interface WeightedClusters {
  readonly entries: readonly WeightedEntry[];
  readonly totalWeight: number;
}

export interface WeightedEntry {
  readonly cluster: string;
  readonly weight: number;
  /** Done before those of the route. */
  readonly headers?: MessageMutations;
  readonly hostRewrite?: string;
}

/** What is done to the headers of requests to endpoints, and of answers to clients. */
export interface MessageMutations {
  readonly request: HeaderMutations;
  readonly response: HeaderMutations;
}

export interface RouteTable {
  readonly name: string;
  readonly version: string;
  readonly ignorePortInHostMatching: boolean;
  readonly virtualHosts: readonly VirtualHost[];
}

export interface VirtualHost {
  readonly name: string;
  /** Lower case: exact, `*.suffix`, `prefix.*` or `*`. */
  readonly domains: readonly string[];
  readonly routes: readonly Route[];
  readonly requireTls: 'NONE' | 'EXTERNAL_ONLY' | 'ALL';
  readonly includeRequestAttemptCount: boolean;
  readonly rateLimits?: RateLimitOverrides;
}

export interface Route {
  readonly name: string;
  readonly match: RouteMatch;
  readonly action: ForwardAction | RedirectAction | DirectResponseAction;
  readonly headers?: MessageMutations;
  /** Of its virtual host and its table, done after its own. */
  readonly outerHeaders?: readonly MessageMutations[];
  readonly fault?: Fault;
  readonly cors?: Cors;
  readonly rateLimits?: RateLimitOverrides;
  /** What its own statistics are called; absent: it has none. */
  readonly statPrefix?: string;
  /** `operation` of the decorator; '' for none. */
  readonly decoratorOperation: string;
  /** filter_metadata.istio.config: the path of the owner. */
  readonly owner: string | undefined;
}

/** Lists are joined as they go into headers; an empty one is not sent, `*` stands for what the client asks for. */
export interface Cors {
  readonly origins: readonly ValueMatcher[];
  readonly anyOrigin: boolean;
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean;
  readonly forwardUnmatchedPreflights: boolean;
  /** The part of the requests that it is for, 0 to 1. */
  readonly share: number;
}

/** `share`: the part of the requests that it is for, 0 to 1. */
export interface Fault {
  readonly delay?: { readonly ms: number; readonly share: number };
  readonly abort?: { readonly status: number; readonly grpcStatus: number | undefined; readonly share: number };
}

export interface ForwardAction {
  readonly kind: 'forward';
  readonly clusters: WeightedClusters;
  /** Milliseconds for the whole answer; 0 for none. */
  readonly timeoutMs: number;
  readonly retry: RetryPolicy | undefined;
  /** Longest grpc-timeout of a client that is honoured, 0 for any; absent: grpc-timeout is ignored. */
  readonly maxGrpcTimeoutMs?: number;
  /** The authority that endpoints see. */
  readonly hostRewrite?: string;
  /** The authority before is told in x-forwarded-host. */
  readonly appendXForwardedHost?: boolean;
  readonly pathRewrite?: PathRewrite;
  readonly mirrors?: readonly MirrorPolicy[];
  /** What consistent load balancing tells requests by; absent: nothing. */
  readonly hashPolicies?: readonly HashPolicy[];
}

/** One that is terminal ends the list where it has a hash. */
export type HashPolicy = { readonly terminal: boolean } /** Name in lower case. */ & (
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query parameter'; readonly name: string }
  | { readonly kind: 'source ip' }
  | {
      readonly kind: 'cookie';
      readonly name: string;
      readonly path: string;
      /** 0 is a session cookie; undefined: none is made for clients without it. */
      readonly ttlSeconds: number | undefined;
      readonly attributes: readonly { readonly name: string; readonly value: string }[];
    }
);

/** Where copies of requests go. */
export interface MirrorPolicy {
  readonly cluster: string;
  /** The part of the requests, 0 to 1. */
  readonly share: number;
}

export type PathRewrite =
  /** Takes the place of what the route's match stands for. */
  | { readonly kind: 'prefix'; readonly value: string }
  /** Of a path without its query. */
  | { readonly kind: 'regex'; readonly replace: (path: string) => string };

export interface RetryPolicy {
  /** `connect-failure`, `refused-stream`, `unavailable`, `cancelled`, `retriable-status-codes`, … */
  readonly retryOn: readonly string[];
  readonly numRetries: number;
  readonly perTryTimeoutMs: number;
  readonly retriableStatusCodes: readonly number[];
  readonly avoidPreviousHosts: boolean;
  readonly hostSelectionMaxAttempts: number;
  /** After each such number of tries the priorities tried so far are left out; absent: never. */
  readonly avoidPrioritiesEvery?: number;
  /** Before the first retry up to `baseMs`, then twice as long each time, up to `maxMs`. */
  readonly backOff: { readonly baseMs: number; readonly maxMs: number };
}

export interface RedirectAction {
  readonly kind: 'redirect';
  readonly status: number;
  /** Undefined: as the client wrote it, less a port that would be wrong. */
  readonly host: string | undefined;
  readonly scheme: string | undefined;
  readonly port: number | undefined;
  readonly path:
    | { readonly kind: 'keep' }
    | { readonly kind: 'replace'; readonly value: string }
    /** Takes the place of what the route's match stands for. */
    | { readonly kind: 'prefix'; readonly value: string };
  readonly stripQuery: boolean;
}

export interface DirectResponseAction {
  readonly kind: 'direct';
  readonly status: number;
  readonly body: Uint8Array;
}

/** PEM, as SDS brought it. */
export interface SecretConfig {
  readonly name: string;
  readonly version: string;
  readonly kind: 'certificate' | 'validation';
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly trustedCa: string;
  /** Revocation lists; empty is none. */
  readonly crl: string;
}

export interface AccessLogConfig {
  /** `/dev/stdout`, `/dev/stderr` or a file that is appended to. */
  readonly path: string;
  readonly format:
    | { readonly kind: 'text'; readonly template: string; readonly omitEmptyValues?: boolean }
    /** Values are templates, or objects and lists of templates. */
    | { readonly kind: 'json'; readonly template: JsonTemplate; readonly omitEmptyValues?: boolean };
  /** What all have to hold for a request to be logged. */
  readonly conditions: readonly AccessLogCondition[];
}

export type AccessLogCondition =
  /** One of these response flags; any flag if the list is empty. */
  | { readonly kind: 'response-flags'; readonly flags: readonly string[] }
  /** In CEL, over Envoy's attributes. */
  | { readonly kind: 'expression'; readonly expression: string };

export type JsonTemplate =
  | string
  | number
  | boolean
  | null
  | readonly JsonTemplate[]
  | { readonly [key: string]: JsonTemplate };
