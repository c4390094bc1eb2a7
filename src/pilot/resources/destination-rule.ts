// Istio's DestinationRule: how requests reach the endpoints of a host, and the subsets of those.

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
}

export interface TrafficPolicy extends PortTrafficPolicy {
  readonly portLevelSettings: readonly (PortTrafficPolicy & { readonly port: number })[];
}

export type SimpleLoadBalancer = 'LEAST_REQUEST' | 'RANDOM' | 'ROUND_ROBIN';

export interface LoadBalancerSettings {
  readonly policy: SimpleLoadBalancer | ConsistentHash;
  readonly warmup: Warmup | undefined;
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
