// The limits of a cluster: how many connections, requests and retries it may have at a time.
import type {
  CircuitBreakers as EnvoyCircuitBreakers,
  CircuitBreakers_Thresholds as Thresholds,
} from '../../../xds/generated/envoy/config/cluster/v3/circuit_breaker_pb.ts';
import { RoutingPriority } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { durationMs } from './duration-ms.ts';
import type { CircuitBreakers } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const breakerFields = new Set(['thresholds']);
const thresholdFields = new Set([
  ...['priority', 'maxConnections', 'maxPendingRequests', 'maxRequests', 'maxRetries', 'retryBudget', 'trackRemaining'],
]);

const envoysDefaults: CircuitBreakers = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  retryBudget: undefined,
};

export function convertCircuitBreakers(
  breakers: EnvoyCircuitBreakers | undefined,
  findings: Findings,
): CircuitBreakers {
  if (breakers === undefined) return envoysDefaults;
  warnUnhandledFields(breakers, breakerFields, findings);
  // Routes of high priority do not exist here.
  const thresholds = breakers.thresholds.find(({ priority }) => priority === RoutingPriority.DEFAULT);
  return thresholds === undefined ? envoysDefaults : convertThresholds(thresholds, findings);
}

function convertThresholds(thresholds: Thresholds, findings: Findings): CircuitBreakers {
  const inside = findings.within('Cluster', 'CircuitBreakers');
  warnUnhandledFields(thresholds, thresholdFields, inside);
  const { maxConnections, maxPendingRequests, maxRequests, maxRetries, retryBudget } = thresholds;
  const percent = retryBudget?.budgetPercent?.value;
  if (percent !== undefined && !(percent >= 0 && percent <= 100))
    inside.constraint('Percent', 'Value', 'value must be inside range [0, 100]');
  return {
    maxConnections: maxConnections ?? envoysDefaults.maxConnections,
    maxPendingRequests: maxPendingRequests ?? envoysDefaults.maxPendingRequests,
    maxRequests: maxRequests ?? envoysDefaults.maxRequests,
    maxRetries: maxRetries ?? envoysDefaults.maxRetries,
    retryBudget: retryBudget && {
      percent: percent ?? 20,
      minRetryConcurrency: retryBudget.minRetryConcurrency ?? 3,
      intervalMs: durationMs(retryBudget.budgetInterval, 0),
    },
  };
}
