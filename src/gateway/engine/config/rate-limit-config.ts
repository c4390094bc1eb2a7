// Limits of requests in time and in size, as the engine uses them: Envoy's local_ratelimit and buffer.

export interface TokenBucket {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

export interface LocalRateLimit {
  /** Tells its tokens from those of others: where it stands, and what it is. */
  readonly identity: string;
  /** What its statistics are called. */
  readonly statPrefix: string;
  readonly bucket: TokenBucket;
  /** A bucket for each address of clients. */
  readonly perClientAddress: boolean;
  readonly status: number;
  readonly tellsClients: boolean;
}

/** Of a host or a route, by the name of the filter; `off`: it limits nothing there. */
export type RateLimitOverrides = ReadonlyMap<string, LocalRateLimit | 'off'>;

export interface LocalRateLimitFilter {
  readonly kind: 'rate limit';
  /** Hosts and routes refer to it by its name. */
  readonly name: string;
  /** Undefined: in force only where a host or a route says so. */
  readonly limit: LocalRateLimit | undefined;
}

export interface BodyLimit {
  readonly kind: 'buffer';
  readonly maxRequestBytes: number;
}
