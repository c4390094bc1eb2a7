// What is counted of the requests of one rule of a VirtualService that has a statPrefix, under `vhost.<host>.route.<prefix>.`.
import { createCodeCounter } from './count-codes.ts';
import { createHistogram } from './create-histogram.ts';
import type { Registry } from './create-registry.ts';

export type RouteStatistics = ReturnType<typeof createRouteStatistics>;

export function createRouteStatistics() {
  return {
    counters: {
      upstream_rq_total: 0,
      upstream_rq_retry: 0,
      upstream_rq_retry_limit_exceeded: 0,
      upstream_rq_retry_overflow: 0,
      upstream_rq_retry_success: 0,
      upstream_rq_timeout: 0,
    },
    codes: createCodeCounter(),
    requestMs: createHistogram(),
  };
}

/** As it is in the name: Envoy leaves the colons of virtual hosts alone. */
export const routeStatName = (virtualHost: string, statPrefix: string): string =>
  `vhost.${virtualHost}.route.${statPrefix}.`;

export function registerRoute(registry: Registry, name: string, statistics: RouteStatistics): () => void {
  const { counters, codes, requestMs } = statistics;
  return registry.add(name, {
    counters,
    histograms: { upstream_rq_time: requestMs },
    more: () => codes.names(''),
  });
}
