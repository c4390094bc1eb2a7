// What is counted of requests to endpoints and of the connections to them, under `cluster.<name>.`.
import { addUp, createCodeCounter } from './count-codes.ts';
import { createHistogram } from './create-histogram.ts';
import { addGroups, type Registry, statPrefix } from './create-registry.ts';
import { createSslStatistics, sslGroup } from './ssl-statistics.ts';

const counters = () => ({
  upstream_cx_total: 0,
  upstream_cx_http1_total: 0,
  upstream_cx_http2_total: 0,
  upstream_cx_connect_fail: 0,
  upstream_cx_connect_timeout: 0,
  upstream_cx_destroy: 0,
  upstream_cx_destroy_local: 0,
  upstream_cx_destroy_remote: 0,
  upstream_cx_destroy_with_active_rq: 0,
  upstream_cx_destroy_local_with_active_rq: 0,
  upstream_cx_destroy_remote_with_active_rq: 0,
  upstream_cx_idle_timeout: 0,
  upstream_cx_max_duration_reached: 0,
  upstream_cx_max_requests: 0,
  upstream_cx_none_healthy: 0,
  upstream_cx_overflow: 0,
  upstream_cx_protocol_error: 0,
  upstream_cx_connect_attempts_exceeded: 0,
  upstream_cx_rx_bytes_total: 0,
  upstream_cx_tx_bytes_total: 0,
  upstream_rq_total: 0,
  upstream_rq_active_overflow: 0,
  upstream_rq_cancelled: 0,
  upstream_rq_pending_total: 0,
  upstream_rq_pending_overflow: 0,
  upstream_rq_pending_failure_eject: 0,
  upstream_rq_per_try_timeout: 0,
  upstream_rq_retry: 0,
  upstream_rq_retry_backoff_exponential: 0,
  upstream_rq_retry_limit_exceeded: 0,
  upstream_rq_retry_overflow: 0,
  upstream_rq_retry_success: 0,
  upstream_rq_rx_reset: 0,
  upstream_rq_timeout: 0,
  upstream_rq_tx_reset: 0,
});

const gauges = () => ({ upstream_cx_active: 0, upstream_rq_active: 0, upstream_rq_pending_active: 0 });

export type OutlierCounters = ReturnType<typeof createOutlierCounters>;

export const createOutlierCounters = () => ({
  ejections_consecutive_5xx: 0,
  ejections_detected_consecutive_5xx: 0,
  ejections_detected_consecutive_gateway_failure: 0,
  ejections_detected_consecutive_local_origin_failure: 0,
  ejections_enforced_consecutive_5xx: 0,
  ejections_enforced_consecutive_gateway_failure: 0,
  ejections_enforced_consecutive_local_origin_failure: 0,
  ejections_enforced_total: 0,
  ejections_overflow: 0,
  ejections_total: 0,
});

export type ClusterStatistics = ReturnType<typeof createClusterStatistics>;

export function createClusterStatistics() {
  return {
    counters: counters(),
    gauges: gauges(),
    connectMs: createHistogram(),
    /** Of each connection: brings what it has carried up to date. */
    carried: new Set<() => void>(),
    connectionMs: createHistogram(),
    requestMs: createHistogram(),
    /** Of requests of clients, and of those that the gateway made itself. */
    external: createCodeCounter(),
    internal: createCodeCounter(),
    /** Of answers that another try took the place of. */
    retriedCodes: createCodeCounter(),
    membership: { membership_healthy: 0, membership_total: 0 },
    membershipCounters: { membership_change: 0, lb_healthy_panic: 0 },
    /** Whether a limit is reached: 1 or 0; set when somebody reads. */
    breakers: { cx_open: 0, cx_pool_open: 0, rq_open: 0, rq_pending_open: 0, rq_retry_open: 0 },
    outlier: createOutlierCounters(),
    outlierGauges: { ejections_active: 0 },
    refresh: (): void => {},
    ssl: createSslStatistics(),
    extAuthz: { ok: 0, denied: 0, error: 0, failure_mode_allowed: 0, invalid: 0 },
  };
}

export function registerCluster(registry: Registry, name: string, statistics: ClusterStatistics): () => void {
  const { outlier, outlierGauges, external, internal, retriedCodes } = statistics;
  const prefix = statPrefix('cluster', name);
  const histograms = {
    upstream_cx_connect_ms: statistics.connectMs,
    upstream_cx_length_ms: statistics.connectionMs,
    upstream_rq_time: statistics.requestMs,
    'external.upstream_rq_time': statistics.requestMs,
  };
  const refresh = () => {
    for (const update of statistics.carried) update();
  };
  const answers = () => [
    ...addUp(external.names(''), internal.names('')),
    ...[...external.names('external.'), ...internal.names('internal.'), ...retriedCodes.names('retry.')],
  ];
  return addGroups(registry, [
    [prefix, { counters: statistics.membershipCounters, gauges: statistics.membership }],
    [
      prefix,
      { counters: statistics.counters, gauges: statistics.gauges, histograms, more: answers, refresh, deferred: true },
    ],
    [`${prefix}circuit_breakers.default.`, { gauges: statistics.breakers, refresh: () => statistics.refresh() }],
    [`${prefix}outlier_detection.`, { counters: outlier, gauges: outlierGauges, deferred: true }],
    [`${prefix}ssl.`, sslGroup(statistics.ssl)],
    [`${prefix}ext_authz.`, { counters: statistics.extAuthz, deferred: true }],
  ]);
}
