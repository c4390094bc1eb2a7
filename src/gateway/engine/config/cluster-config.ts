// What the engine knows of a cluster and its endpoints, made once from xDS: the half of its configuration behind the routes.
import type { DownstreamTls, NameMatcher } from './tls-config.ts';

export interface ClusterConfig {
  readonly name: string;
  /** Hash over the cluster and its endpoints. */
  readonly version: string;
  readonly connectTimeoutMs: number;
  /** `downstream`: that of the client. */
  readonly protocol: 'http1' | 'http2' | 'downstream';
  readonly connections: UpstreamConnectionConfig;
  readonly circuitBreakers: CircuitBreakers;
  readonly outlierDetection?: OutlierDetection;
  /** Where the endpoints come from DNS: then `endpoints` is empty. */
  readonly dns?: DnsConfig;
  /** Where each request names its endpoint: then `endpoints` is empty. */
  readonly dynamic?: DynamicConfig;
  /** Absent: plaintext. */
  readonly tls?: UpstreamTls;
  /** Hosts are told of the client in a PROXY header, in front of anything else. */
  readonly proxyProtocol?: 'V1' | 'V2';
  readonly lbPolicy: 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RANDOM' | 'RING_HASH' | 'MAGLEV';
  /** Absent: Envoy's defaults. */
  readonly lb?: LoadBalancingConfig;
  /** What statistics and `%UPSTREAM_CLUSTER%` call it; absent or '' for its name. */
  readonly altStatName?: string;
  /** Static cluster without endpoints (BlackHoleCluster), or EDS not yet received: empty. */
  readonly endpoints: readonly Endpoint[];
}

/** Times are milliseconds. */
export interface DynamicConfig extends Pick<DnsConfig, 'family' | 'refreshMs'> {
  /** Names that are remembered, and for how long after they were asked for last. */
  readonly maxHosts: number;
  readonly hostTtlMs: number;
}

/** Endpoints by name; their addresses are asked for. */
export interface DnsConfig {
  /** Only the first address of a name counts. */
  readonly logical: boolean;
  readonly family: 4 | 6 | 'auto';
  /** How often to ask, in milliseconds, where an answer does not say how long it is good for. */
  readonly refreshMs: number;
  readonly respectTtl: boolean;
  /** `address` is a name, or an IP address. */
  readonly targets: readonly Endpoint[];
}

export interface UpstreamTls
  extends Pick<DownstreamTls, 'alpnProtocols' | 'minVersion' | 'maxVersion' | 'cipherSuites' | 'ecdhCurves'> {
  /** SDS names. */
  readonly certificates: readonly string[];
  /** SDS name; undefined: any host will do. */
  readonly roots: string | undefined;
  /** One of them has to be in the host's certificate; empty is any. */
  readonly subjectAltNames: readonly NameMatcher[];
  /** '' for none. */
  readonly sni: string;
}

/** 0 is no limit; times are milliseconds. */
export interface UpstreamConnectionConfig {
  readonly idleTimeoutMs: number;
  readonly maxDurationMs: number;
  readonly maxRequests: number;
  /** HTTP/2; undefined: what the host allows. */
  readonly maxConcurrentStreams: number | undefined;
  readonly http2Keepalive: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
  /** The host of the request is asked for in the SNI, and has to be in the certificate. */
  readonly autoSni: boolean;
  readonly autoSanValidation: boolean;
  /** Clients see header names of HTTP/1.1 as hosts write them. */
  readonly preservesHeaderCase: boolean;
  /** Undefined: off. */
  readonly tcpKeepalive: TcpKeepalive | undefined;
}

/** Undefined: what the kernel does. */
export interface TcpKeepalive {
  readonly probes: number | undefined;
  readonly timeSeconds: number | undefined;
  readonly intervalSeconds: number | undefined;
}

/** Of all hosts of a cluster together. */
export interface CircuitBreakers {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  /** Instead of maxRetries: a percentage of the requests that there are, or came in the interval. */
  readonly retryBudget:
    | { readonly percent: number; readonly minRetryConcurrency: number; readonly intervalMs: number }
    | undefined;
}

export interface OutlierDetection {
  readonly consecutive5xx: OutlierCheck;
  readonly consecutiveGatewayFailure: OutlierCheck;
  readonly consecutiveLocalOriginFailure: OutlierCheck;
  /** Connections that fail count apart from answers of hosts. */
  readonly splitsLocalOrigin: boolean;
  /** How often hosts are let in again. */
  readonly intervalMs: number;
  /** Times the number of ejections in a row. */
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly ejectionJitterMs: number;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectsOne: boolean;
  /** Absent: answers with 5xx are errors. */
  readonly isError?: ErrorMatcher;
}

/** So many errors in a row, and the part of such cases in which the host is ejected. */
export interface OutlierCheck {
  readonly threshold: number;
  readonly enforcedShare: number;
}

export type ErrorMatcher = (status: number) => boolean;

export interface LoadBalancingConfig {
  /** Below this percentage of healthy hosts, all hosts get requests; 0 for never. Envoy's default is 50. */
  readonly healthyPanicThresholdPercent: number;
  /** A priority is full as long as healthy hosts × this percentage reach all of its hosts. Default 140. */
  readonly overprovisioningFactorPercent: number;
  /** Localities share requests by their weights (locality_weighted_lb_config). */
  readonly localityWeighted: boolean;
  /** LEAST_REQUEST: how many random hosts are compared. Default 2. */
  readonly choiceCount: number;
  /** LEAST_REQUEST with unequal weights: weight / (active requests + 1) ^ bias. Default 1. */
  readonly activeRequestBias: number;
  /** Changes of health that come so soon after one another count together. Default 1000. */
  readonly updateMergeWindowMs: number;
  /** RING_HASH: points on the ring. Default 1024 to 8 M. */
  readonly ringSize: { readonly minimum: number; readonly maximum: number };
  /** MAGLEV: a prime. Default 65,537. */
  readonly tableSize: number;
  /** ROUND_ROBIN and LEAST_REQUEST: new hosts get their share little by little. */
  readonly slowStart?: SlowStart;
}

export interface SlowStart {
  readonly windowMs: number;
  /** The share grows with time / window to the power of 1 / aggression. */
  readonly aggression: number;
  /** Part of its share that a host has at once, 0 to 1. */
  readonly minimumShare: number;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly healthy: boolean;
  readonly locality: {
    readonly region: string;
    readonly zone: string;
    readonly subZone: string;
    readonly priority: number;
    readonly weight: number;
  };
}
