// What is known of one request (or TCP connection) when it ends: the only input of the access log.
import type { DynamicMetadata } from './dynamic-metadata.ts';

/** Envoy's response flags, in the order in which they are printed. */
export type ResponseFlag =
  | 'LH'
  | 'UH'
  | 'UT'
  | 'LR'
  | 'UR'
  | 'UF'
  | 'UC'
  | 'UO'
  | 'NR'
  | 'DI'
  | 'FI'
  | 'RL'
  | 'UAEX'
  | 'RLSE'
  | 'DC'
  | 'URX'
  | 'SI'
  | 'IH'
  | 'DPE'
  | 'UMSDR'
  | 'RFCF'
  | 'NFCF'
  | 'DT'
  | 'UPE'
  | 'NC'
  | 'OM';

export interface RequestInfo {
  readonly kind: 'http' | 'tcp';
  /** Milliseconds since 1970, with fractions. */
  readonly startTime: number;
  readonly durationMs: number;
  /** `HTTP/1.1`, `HTTP/2`, undefined for TCP. */
  readonly protocol: string | undefined;
  readonly method: string | undefined;
  /** As routed: after normalisation. */
  readonly path: string | undefined;
  /** As the client sent it. */
  readonly originalPath: string | undefined;
  readonly authority: string | undefined;
  /** What filters have written down; absent: nothing. */
  readonly dynamicMetadata?: DynamicMetadata | undefined;
  /** Lower-case names, as seen after the gateway's own changes (x-request-id, x-forwarded-for, …). */
  requestHeader(name: string): string | undefined;
  responseHeader(name: string): string | undefined;
  responseTrailer(name: string): string | undefined;
  /** 0 where no answer was given. */
  readonly responseCode: number;
  /** `via_upstream`, `route_not_found`, `upstream_reset_before_response_started{connection_termination}`, … */
  readonly responseCodeDetails: string | undefined;
  readonly connectionTerminationDetails: string | undefined;
  readonly responseFlags: readonly ResponseFlag[];
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** `address:port` each; undefined where there is none. */
  readonly upstreamHost: string | undefined;
  readonly upstreamLocalAddress: string | undefined;
  readonly upstreamCluster: string | undefined;
  /** The cluster's altStatName, where it has one. */
  readonly upstreamClusterAltStatName?: string | undefined;
  readonly upstreamTransportFailureReason: string | undefined;
  readonly downstreamLocalAddress: string | undefined;
  readonly downstreamRemoteAddress: string | undefined;
  readonly downstreamDirectRemoteAddress: string | undefined;
  readonly requestedServerName: string | undefined;
  readonly routeName: string | undefined;
  readonly virtualClusterName: string | undefined;
  readonly filterChainName: string | undefined;
  /** Milliseconds from the start of the request; undefined where it did not get there. */
  readonly requestDurationMs: number | undefined;
  readonly responseDurationMs: number | undefined;
  readonly responseTxDurationMs: number | undefined;
  readonly upstreamRequestAttemptCount: number;
  readonly downstreamTlsVersion: string | undefined;
  readonly downstreamTlsCipher: string | undefined;
  readonly connectionId: number;
}
