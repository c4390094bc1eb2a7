// What TrafficPolicies come to at a port of the gateway, and the rate limits of its hosts and routes.
import type { ResourceRef } from '../../lib/diagnostic.ts';
import type {
  Compression,
  CompressionAlgorithm,
  ProxyProtocol,
  RateLimit,
  RequestLimits,
} from '../resources/traffic-policy.ts';

export type { Compression, CompressionAlgorithm, RequestLimits };

export interface RateLimitView extends RateLimit {
  /** Names it among all: an HTTP filter of its own. */
  readonly filter: string;
}

export interface PortTraffic {
  readonly limits: RequestLimits | undefined;
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly preserveHeaderCase: boolean | undefined;
  readonly compression: Compression | undefined;
  readonly rateLimits: readonly RateLimitView[];
  readonly owners: readonly ResourceRef[];
}

/** What is said for some hosts or routes only is configured there. */
export const isEverywhere = ({ hosts, routes }: RateLimitView): boolean => hosts.length + routes.length === 0;
