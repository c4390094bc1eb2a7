// Envoy's response flags: the order in which they are printed, their long names, and which of them a log filter may name.
import type { ResponseFlag } from '../config/request-info.ts';

export const longFlagNames: Readonly<Record<ResponseFlag, string>> = {
  LH: 'FailedLocalHealthCheck',
  UH: 'NoHealthyUpstream',
  UT: 'UpstreamRequestTimeout',
  LR: 'LocalReset',
  UR: 'UpstreamRemoteReset',
  UF: 'UpstreamConnectionFailure',
  UC: 'UpstreamConnectionTermination',
  UO: 'UpstreamOverflow',
  NR: 'NoRouteFound',
  DI: 'DelayInjected',
  FI: 'FaultInjected',
  RL: 'RateLimited',
  UAEX: 'UnauthorizedExternalService',
  RLSE: 'RateLimitServiceError',
  DC: 'DownstreamConnectionTermination',
  URX: 'UpstreamRetryLimitExceeded',
  SI: 'StreamIdleTimeout',
  IH: 'InvalidEnvoyRequestHeaders',
  DPE: 'DownstreamProtocolError',
  UMSDR: 'UpstreamMaxStreamDurationReached',
  RFCF: 'ResponseFromCacheFilter',
  NFCF: 'NoFilterConfigFound',
  DT: 'DurationTimeout',
  UPE: 'UpstreamProtocolError',
  NC: 'NoClusterFound',
  OM: 'OverloadManagerTerminated',
};

const order = new Map(Object.keys(longFlagNames).map((flag, index) => [flag, index]));

/** In Envoy's order, each once. */
export function sortFlags(flags: readonly ResponseFlag[]): readonly ResponseFlag[] {
  if (flags.length < 2) return flags;
  return [...new Set(flags)].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
}

/** Flags that Envoy accepts in a response_flag_filter; the last four are of connections and DNS, which the engine never sets. */
export const filterableFlags: ReadonlySet<string> = new Set([...order.keys(), 'DF', 'DO', 'DR', 'UDO']);

/** One bit each, in Envoy's order: `response.flags` of expressions. */
export const responseFlagBits = (flags: readonly ResponseFlag[]): number =>
  [...new Set(flags)].reduce((bits, flag) => bits + 2 ** (order.get(flag) ?? 0), 0);
