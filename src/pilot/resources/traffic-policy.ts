// Tidegate's TrafficPolicy: what Istio needs an EnvoyFilter for (docs/traffic-policy.md).

export interface TrafficPolicySpec {
  /** Labels of the gateways that it is for; empty is every one. */
  readonly selector: Readonly<Record<string, string>>;
  /** Ports of Gateways; empty is every one. */
  readonly ports: readonly number[];
  readonly rateLimits: readonly RateLimit[];
  readonly limits: RequestLimits | undefined;
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly preserveHeaderCase: boolean | undefined;
  readonly compression: Compression | undefined;
}

/** A bucket of tokens for each host, route or client: a request takes one, and without one it is answered with 429. */
export interface RateLimit {
  /** Empty is any. With hosts or routes there is a bucket for each of them. */
  readonly hosts: readonly string[];
  /** Names of rules of VirtualServices; empty is any. */
  readonly routes: readonly string[];
  /** A bucket for each address of clients. */
  readonly perClientAddress: boolean;
  /** That come back in each interval. */
  readonly requests: number;
  readonly intervalMs: number;
  /** At a time, after a pause; `requests` or more. */
  readonly burst: number;
  /** Whether clients are told in headers what is left. */
  readonly headers: boolean;
  /** Position in `rateLimits`. */
  readonly index: number;
}

export interface RequestLimits {
  readonly headersKiB: number | undefined;
  readonly headerCount: number | undefined;
  readonly bodyBytes: number | undefined;
}

export type CompressionAlgorithm = 'GZIP' | 'BROTLI' | 'ZSTD';

export interface Compression {
  /** The one that comes first is taken where the client does not mind. */
  readonly algorithms: readonly CompressionAlgorithm[];
  /** Media types. */
  readonly contentTypes: readonly string[];
  /** Shorter answers go as they are. */
  readonly minBytes: number;
}

/** Whether a connection begins with a PROXY header. */
export type ProxyProtocol = 'REQUIRED' | 'OPTIONAL' | 'OFF';
