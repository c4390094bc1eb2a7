// Istio VirtualService: which request of which host goes to which Service.

export type StringMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly value: string };

/** `present`: whatever the value is. */
export type ValueMatch = StringMatch | { readonly kind: 'present' };

export interface NamedMatch {
  readonly name: string;
  readonly match: ValueMatch;
}

export interface Destination {
  /** As written: short name, FQDN or address. */
  readonly host: string;
  readonly subset: string | undefined;
  readonly port: number | undefined;
}

export interface RouteDestination {
  readonly destination: Destination;
  readonly weight: number | undefined;
  readonly headers: HeaderOperations | undefined;
}

/** Name as written, and value: text with Envoy's command operators (`%REQ(X)%`, `%%`). */
export type HeaderValue = readonly [name: string, value: string];

/** What is done to the headers of one message: first `remove`, then `set`, then `add`. Sorted by name, as in Istio. */
export interface HeaderChanges {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

export interface HeaderOperations {
  readonly request: HeaderChanges;
  readonly response: HeaderChanges;
  /** What `host` or `:authority` of the request is set to. */
  readonly authority: string | undefined;
}

export interface HttpRewrite {
  /** Takes the place of what the match's `uri` stands for, byte for byte: a prefix, or else the whole path. */
  readonly uri: string | undefined;
  readonly uriRegexRewrite: { readonly match: string; readonly rewrite: string } | undefined;
  readonly authority: string | undefined;
}

export interface HttpMatch {
  readonly index: number;
  readonly name: string | undefined;
  readonly uri: StringMatch | undefined;
  readonly ignoreUriCase: boolean;
  readonly scheme: ValueMatch | undefined;
  readonly method: ValueMatch | undefined;
  /** Host as the client sent it: case and port count. */
  readonly authority: ValueMatch | undefined;
  /** By name, sorted; all have to hold. */
  readonly headers: readonly NamedMatch[];
  readonly withoutHeaders: readonly NamedMatch[];
  readonly queryParams: readonly NamedMatch[];
  /** Gateway port. */
  readonly port: number | undefined;
  /** As written. Empty: the VirtualService's own. */
  readonly gateways: readonly string[];
  /** At a gateway the client's workload is the gateway itself. Empty where the match lists gateways. */
  readonly sourceLabels: Readonly<Record<string, string>>;
  readonly sourceNamespace: string | undefined;
  readonly statPrefix: string | undefined;
  /** Conditions of the API that are not served yet (or cannot be read). A match with one never matches; the Diagnostic says so. */
  readonly unsupported: readonly string[];
}

export const redirectCodes = [301, 302, 303, 307, 308] as const;

export interface HttpRedirect {
  /** Replaces the path; with a query of its own also that one. `%PREFIX()%` means nothing here, as in Istio. */
  readonly uri: string | undefined;
  readonly authority: string | undefined;
  readonly scheme: 'http' | 'https' | undefined;
  /** `request`: the Gateway port that the request came to. Undefined: none is written. */
  readonly port: number | 'request' | undefined;
  readonly code: (typeof redirectCodes)[number];
}

export interface HttpDirectResponse {
  readonly status: number;
  readonly body:
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'bytes'; readonly base64: string }
    | undefined;
}

export interface HttpRoute {
  readonly index: number;
  readonly name: string | undefined;
  /** Empty: every request. */
  readonly match: readonly HttpMatch[];
  readonly route: readonly RouteDestination[];
  /** Wins over everything else the rule does, as in Istio. */
  readonly redirect: HttpRedirect | undefined;
  /** Wins over `route`. */
  /** Instead of all of them: the rules of another VirtualService. */
  readonly delegate: Delegate | undefined;
  readonly directResponse: HttpDirectResponse | undefined;
  readonly rewrite: HttpRewrite | undefined;
  /** Of answers of the gateway's own also. */
  readonly headers: HeaderOperations | undefined;
  /** Milliseconds for the whole answer; undefined: no limit. */
  readonly timeoutMs: number | undefined;
  /** A rule that is broken beyond use (no route, weights that make no sense): it answers 500 and why is in its Diagnostic. */
  readonly invalid: string | undefined;
  readonly fault: HttpFault | undefined;
  readonly corsPolicy: CorsPolicy | undefined;
  /** Undefined: the rule says nothing of copies. */
  readonly mirrors: readonly Mirror[] | undefined;
  /** Absent: Istio's default policy. */
  readonly retries: HttpRetry | undefined;
}

/** Where a copy of requests goes; its answer is dropped. */
export interface Mirror {
  readonly destination: Destination;
  /** Undefined: all requests. */
  readonly share: RequestShare | undefined;
  /** Inside the rule. */
  readonly path: readonly (string | number)[];
}

export interface Delegate {
  readonly name: string;
  /** Undefined: the rule's own. */
  readonly namespace: string | undefined;
}

export interface CorsPolicy {
  /** Any of them. */
  readonly allowOrigins: readonly OriginMatch[];
  /** One `*` stands for whatever is asked for. */
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds: number | undefined;
  readonly allowCredentials: boolean | undefined;
  /** Whether preflights of other origins go to the destination; else they are answered without CORS headers. */
  readonly forwardUnmatchedPreflights: boolean;
}

export type OriginMatch = StringMatch & {
  /** In the list it stands in. */
  readonly index: number;
};

export interface RequestShare {
  readonly numerator: number;
  readonly denominator: 'HUNDRED' | 'MILLION';
}

export interface FaultDelay {
  /** Milliseconds. */
  readonly ms: number;
  readonly share: RequestShare;
}

export interface FaultAbort {
  readonly kind: 'http' | 'grpc';
  readonly status: number;
  /** Undefined: no request. */
  readonly share: RequestShare | undefined;
}

/** At least one of them. */
export interface HttpFault {
  readonly delay: FaultDelay | undefined;
  readonly abort: FaultAbort | undefined;
}

export interface HttpRetry {
  /** 0 switches retries off. */
  readonly attempts: number;
  /** Milliseconds. */
  readonly perTryTimeoutMs: number | undefined;
  /** Conditions in Envoy's words, without the status codes. Undefined: Istio's default. */
  readonly retryOn: readonly string[] | undefined;
  readonly retriableStatusCodes: readonly number[];
  readonly retryRemoteLocalities: boolean;
  /** False: a host that failed may be tried again at once. */
  readonly retryIgnorePreviousHosts: boolean;
  /** Milliseconds before the first retry; undefined: Envoy's default. */
  readonly backoffMs: number | undefined;
}

export interface TcpMatch {
  readonly index: number;
  readonly port: number | undefined;
  readonly gateways: readonly string[];
}

/** Names in lower case, `*.example.com` and `*` among them. */
export interface TlsMatch extends TcpMatch {
  readonly sniHosts: readonly string[];
}

export interface TlsRoute {
  readonly index: number;
  /** At least one. */
  readonly match: readonly TlsMatch[];
  readonly route: readonly RouteDestination[];
}

export interface TcpRoute {
  readonly index: number;
  readonly match: readonly TcpMatch[];
  readonly route: readonly RouteDestination[];
}

export interface VirtualServiceSpec {
  /** Lower case. */
  readonly hosts: readonly string[];
  /** As written: `name`, `ns/name`, `name.ns.svc.cluster.local`, `mesh`. */
  readonly gateways: readonly string[];
  readonly http: readonly HttpRoute[];
  readonly tls: readonly TlsRoute[];
  readonly tcp: readonly TcpRoute[];
  readonly exportTo: readonly string[];
}
