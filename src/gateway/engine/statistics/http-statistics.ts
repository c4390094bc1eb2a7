// What is counted of requests and their connections under `http.<stat_prefix>.`: by the connection manager, the router and the filters.
import { createHistogram } from './create-histogram.ts';
import { addGroups, type Registry, statPrefix } from './create-registry.ts';

const counters = () => ({
  downstream_cx_total: 0,
  downstream_cx_http1_total: 0,
  downstream_cx_http2_total: 0,
  downstream_cx_ssl_total: 0,
  downstream_cx_destroy: 0,
  downstream_cx_destroy_active_rq: 0,
  downstream_cx_destroy_local: 0,
  downstream_cx_destroy_local_active_rq: 0,
  downstream_cx_destroy_remote: 0,
  downstream_cx_destroy_remote_active_rq: 0,
  downstream_cx_idle_timeout: 0,
  downstream_cx_max_duration_reached: 0,
  downstream_cx_protocol_error: 0,
  downstream_cx_rx_bytes_total: 0,
  downstream_cx_tx_bytes_total: 0,
  downstream_rq_total: 0,
  downstream_rq_http1_total: 0,
  downstream_rq_http2_total: 0,
  downstream_rq_completed: 0,
  downstream_rq_1xx: 0,
  downstream_rq_2xx: 0,
  downstream_rq_3xx: 0,
  downstream_rq_4xx: 0,
  downstream_rq_5xx: 0,
  downstream_rq_failed_path_normalization: 0,
  downstream_rq_header_timeout: 0,
  downstream_rq_idle_timeout: 0,
  downstream_rq_max_duration_reached: 0,
  downstream_rq_non_relative_path: 0,
  downstream_rq_redirected_with_normalized_path: 0,
  downstream_rq_response_before_rq_complete: 0,
  downstream_rq_rx_reset: 0,
  downstream_rq_timeout: 0,
  downstream_rq_tx_reset: 0,
  no_cluster: 0,
  no_route: 0,
  rq_direct_response: 0,
  rq_redirect: 0,
  rq_reset_after_downstream_response_started: 0,
  rq_total: 0,
});

const gauges = () => ({
  downstream_cx_active: 0,
  downstream_cx_http1_active: 0,
  downstream_cx_http2_active: 0,
  downstream_cx_ssl_active: 0,
  downstream_rq_active: 0,
});

export type HttpStatistics = ReturnType<typeof createHttpStatistics>;

export function createHttpStatistics() {
  return {
    counters: counters(),
    gauges: gauges(),
    connectionMs: createHistogram(),
    /** Of each connection: brings what it has carried up to date. */
    carried: new Set<() => void>(),
    requestMs: createHistogram(),
    rbac: { allowed: 0, denied: 0 },
    /** `istio_dry_run_allow_.shadow_denied` and its like: by the prefix that the rules have. */
    shadowRbac: {} as Record<string, number>,
    jwt: { allowed: 0, denied: 0, cors_preflight_bypassed: 0 },
    extAuthz: { ok: 0, denied: 0, error: 0, failure_mode_allowed: 0, invalid: 0 },
    fault: { aborts_injected: 0, delays_injected: 0 },
    faultGauges: { active_faults: 0 },
    cors: { origin_invalid: 0, origin_valid: 0 },
  };
}

export function registerHttp(registry: Registry, name: string, statistics: HttpStatistics): () => void {
  const prefix = statPrefix('http', name);
  const histograms = { downstream_cx_length_ms: statistics.connectionMs, downstream_rq_time: statistics.requestMs };
  const refresh = () => {
    for (const update of statistics.carried) update();
  };
  const shadow = () => Object.entries(statistics.shadowRbac);
  return addGroups(registry, [
    [prefix, { counters: statistics.counters, gauges: statistics.gauges, histograms, refresh }],
    [`${prefix}rbac.`, { counters: statistics.rbac, more: shadow, deferred: true }],
    [`${prefix}jwt_authn.`, { counters: statistics.jwt, deferred: true }],
    [`${prefix}ext_authz.`, { counters: statistics.extAuthz, deferred: true }],
    [`${prefix}fault.`, { counters: statistics.fault, gauges: statistics.faultGauges, deferred: true }],
    [`${prefix}cors.`, { counters: statistics.cors, deferred: true }],
  ]);
}

export interface ClassCounters {
  downstream_rq_completed: number;
  downstream_rq_1xx: number;
  downstream_rq_2xx: number;
  downstream_rq_3xx: number;
  downstream_rq_4xx: number;
  downstream_rq_5xx: number;
}

/** An answer has begun. */
export function countAnswer(numbers: ClassCounters, status: number): void {
  numbers.downstream_rq_completed++;
  if (status < 200) numbers.downstream_rq_1xx++;
  else if (status < 300) numbers.downstream_rq_2xx++;
  else if (status < 400) numbers.downstream_rq_3xx++;
  else if (status < 500) numbers.downstream_rq_4xx++;
  else if (status < 600) numbers.downstream_rq_5xx++;
}
