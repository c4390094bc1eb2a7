// The limits of a cluster, and its connections.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { UpstreamSettings } from '../model/mesh-settings.ts';
import type { ClusterPolicy } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';

const unlimited = 0xffff_ffff;

type Fields = Pick<
  MessageInitShape<typeof ClusterSchema>,
  'connectTimeout' | 'circuitBreakers' | 'upstreamConnectionOptions'
>;

type RetryBudget = NonNullable<ClusterPolicy['retryBudget']>;

const retryBudget = ({ percent, minRetryConcurrency, budgetIntervalMs }: RetryBudget) => ({
  ...(percent === undefined ? {} : { budgetPercent: { value: percent } }),
  ...(minRetryConcurrency === undefined ? {} : { minRetryConcurrency }),
  ...(budgetIntervalMs === undefined ? {} : { budgetInterval: duration(budgetIntervalMs) }),
});

/** Envoy's own limits of 1024 connections and 3 retries would cap a busy gateway: there is none unless it is asked for. */
export function translateConnectionPool(
  { connectionPool: pool, retryBudget: budget }: ClusterPolicy,
  upstream: UpstreamSettings,
): Fields {
  const keepalive = pool?.tcpKeepalive ?? upstream.tcpKeepalive;
  return {
    connectTimeout: duration(pool?.connectTimeoutMs ?? upstream.connectTimeoutMs),
    circuitBreakers: {
      thresholds: [
        {
          maxConnections: pool?.maxConnections ?? unlimited,
          maxPendingRequests: pool?.maxPendingRequests ?? unlimited,
          maxRequests: pool?.maxRequests ?? unlimited,
          maxRetries: pool?.maxRetries ?? unlimited,
          ...(budget && { retryBudget: retryBudget(budget) }),
        },
      ],
    },
    ...(keepalive && {
      upstreamConnectionOptions: {
        tcpKeepalive: {
          ...(keepalive.probes === undefined ? {} : { keepaliveProbes: keepalive.probes }),
          ...(keepalive.timeMs === undefined ? {} : { keepaliveTime: wholeSeconds(keepalive.timeMs) }),
          ...(keepalive.intervalMs === undefined ? {} : { keepaliveInterval: wholeSeconds(keepalive.intervalMs) }),
        },
      },
    }),
  };
}

/** The kernel counts in seconds. */
const wholeSeconds = (ms: number): number => Math.min(Math.max(1, Math.floor(ms / 1000)), 0xffff_ffff);
