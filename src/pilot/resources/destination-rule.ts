// Istio's DestinationRule: how requests reach the endpoints of a host, and the subsets of those.
import type { ResourceRef } from '../../lib/diagnostic.ts';

export interface DestinationRuleSpec {
  /** As written, in lower case: a Service's short name, a DNS name, or one with `*.` in front. */
  readonly host: string;
  readonly trafficPolicy: TrafficPolicy | undefined;
  readonly subsets: readonly Subset[];
  readonly exportTo: readonly string[];
  /** Of the gateways that it is for, in its own namespace; undefined: every gateway. */
  readonly workloadSelector: Readonly<Record<string, string>> | undefined;
}

export interface Subset {
  readonly name: string;
  /** That endpoints must have; empty is all of them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly trafficPolicy: TrafficPolicy | undefined;
  /** Position in `subsets`. */
  readonly index: number;
}

/** What a port may set for itself, and then all of it. */
export interface PortTrafficPolicy {
  readonly loadBalancer: LoadBalancerSettings | undefined;
  readonly connectionPool: ConnectionPool | undefined;
  readonly outlierDetection: OutlierDetection | undefined;
  readonly tls: ClientTls | undefined;
}

export interface TrafficPolicy extends PortTrafficPolicy {
  readonly portLevelSettings: readonly (PortTrafficPolicy & { readonly port: number })[];
  readonly retryBudget: RetryBudget | undefined;
  /** TCP goes through an HTTP request; `broken`: asked for in a way that cannot be done, nothing may be sent without it. */
  readonly tunnel: Tunnel | 'broken' | undefined;
  /** Endpoints are told of the client in the PROXY protocol. */
  readonly proxyProtocol: 'V1' | 'V2' | undefined;
}

/** The endpoint is a proxy, which is asked to connect to the target. */
export interface Tunnel {
  readonly protocol: 'CONNECT' | 'POST';
  readonly targetHost: string;
  readonly targetPort: number;
}

export type ClientTls =
  | { readonly mode: 'DISABLE' }
  /** Asked for in a way that cannot be done: nothing may be sent without it. */
  | { readonly mode: 'BROKEN' }
  | ClientTlsSettings;

export interface ClientTlsSettings {
  readonly mode: 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL';
  readonly clientCertificate: string | undefined;
  readonly privateKey: string | undefined;
  readonly caCertificates: string | undefined;
  readonly caCrl: string | undefined;
  readonly credentialName: string | undefined;
  /** One of them has to be in the endpoint's certificate; empty is any. */
  readonly subjectAltNames: readonly string[];
  readonly sni: string | undefined;
  readonly insecureSkipVerify: boolean;
  /** Where it stands, in which object. */
  readonly path: readonly (string | number)[];
  readonly source: ResourceRef;
}

/** Limits are undefined where there is none; times are milliseconds. */
export interface ConnectionPool {
  readonly maxConnections: number | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly tcpKeepalive: TcpKeepalive | undefined;
  readonly maxConnectionDurationMs: number | undefined;
  /** Of connections that are passed through as TCP; 0 for no limit. */
  readonly tcpIdleTimeoutMs: number | undefined;
  readonly maxPendingRequests: number | undefined;
  readonly maxRequests: number | undefined;
  readonly maxRequestsPerConnection: number | undefined;
  readonly maxRetries: number | undefined;
  readonly httpIdleTimeoutMs: number | undefined;
  readonly h2UpgradePolicy: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE';
  /** Endpoints are spoken to in the protocol of the client. */
  readonly useClientProtocol: boolean;
  readonly maxConcurrentStreams: number | undefined;
  readonly http2KeepAlive:
    | { readonly intervalMs: number | undefined; readonly timeoutMs: number | undefined }
    | undefined;
}

export interface TcpKeepalive {
  readonly probes: number | undefined;
  readonly timeMs: number | undefined;
  readonly intervalMs: number | undefined;
}

/** Endpoints that fail get no requests for a while. Undefined is Envoy's default. */
export interface OutlierDetection {
  readonly consecutive5xxErrors: number | undefined;
  readonly consecutiveGatewayErrors: number | undefined;
  /** Of connections that fail here, where these are told from errors of endpoints. */
  readonly consecutiveLocalOriginFailures: number | undefined;
  readonly splitExternalLocalOriginErrors: boolean;
  readonly intervalMs: number | undefined;
  readonly baseEjectionTimeMs: number | undefined;
  readonly maxEjectionPercent: number | undefined;
  readonly minHealthPercent: number;
  /** That count as errors, instead of 5xx; empty is 5xx. */
  readonly httpErrorCodes: readonly number[];
}

/** How many retries there may be at a time, by the requests that there are. */
export interface RetryBudget {
  readonly percent: number | undefined;
  readonly minRetryConcurrency: number | undefined;
  readonly budgetIntervalMs: number | undefined;
}

export type SimpleLoadBalancer = 'LEAST_REQUEST' | 'RANDOM' | 'ROUND_ROBIN';

export interface LoadBalancerSettings {
  readonly policy: SimpleLoadBalancer | ConsistentHash;
  readonly warmup: Warmup | undefined;
  readonly localityLb: LocalityLbSetting | undefined;
  /** Counts before the other one. */
  readonly zoneAwareLb: ZoneAwareLbSetting | undefined;
}

/** From region to region, where no endpoint of the first one is left. */
export interface RegionFailover {
  readonly from: string;
  readonly to: string;
}

/** Which localities get the requests of a gateway, by the gateway's own. */
export interface LocalityLbSetting {
  readonly enabled: boolean;
  /** Localities are `region/zone/subzone`, later parts optional, with `*` at the end; the first `from` that fits counts. */
  readonly distribute: readonly {
    readonly from: string;
    /** In per cent, together 100. */
    readonly to: readonly { readonly locality: string; readonly weight: number }[];
  }[];
  readonly failover: readonly RegionFailover[];
  /** Labels in which endpoints are to be like the gateway, the most important first; `label=value` asks for that value. */
  readonly failoverPriority: readonly string[];
}

/** Regions are ordered here, zones within a region balanced by the data plane. */
export interface ZoneAwareLbSetting {
  readonly enabled: boolean;
  readonly failover: readonly RegionFailover[];
  readonly failoverPriority: readonly string[];
  readonly minClusterSize: number | undefined;
}

/** A new endpoint gets its share little by little. */
export interface Warmup {
  readonly durationMs: number;
  /** Of its share, when it begins: 0 to 100. */
  readonly minimumPercent: number | undefined;
  /** 1 is linear. */
  readonly aggression: number | undefined;
}

export interface ConsistentHash {
  readonly key: HashKey;
  readonly table:
    | { readonly kind: 'ringHash'; readonly minimumRingSize: number }
    /** Undefined: Envoy's 65,537. */
    | { readonly kind: 'maglev'; readonly tableSize: number | undefined };
}

export type HashKey =
  | { readonly kind: 'header' | 'queryParameter'; readonly name: string }
  | { readonly kind: 'sourceIp' }
  | {
      readonly kind: 'cookie';
      readonly name: string;
      readonly path: string;
      /** Milliseconds; 0 is a session cookie. Undefined: the gateway makes none. */
      readonly ttlMs: number | undefined;
      readonly attributes: readonly { readonly name: string; readonly value: string }[];
    };
