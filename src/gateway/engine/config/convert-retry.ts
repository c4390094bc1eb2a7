// A route's retry policy.
import type { RetryPolicy as EnvoyRetryPolicy } from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { PreviousHostsPredicateSchema } from '../../../xds/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import { PreviousPrioritiesConfigSchema } from '../../../xds/generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts';
import { durationMs } from './duration-ms.ts';
import type { RetryPolicy } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { notRegistered, unpackAny } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const retryFields = new Set([
  ...['retryOn', 'numRetries', 'perTryTimeout', 'retryHostPredicate', 'hostSelectionRetryMaxAttempts'],
  ...['retriableStatusCodes', 'retryPriority', 'retryBackOff'],
]);

export function convertRetry(policy: EnvoyRetryPolicy, findings: Findings): RetryPolicy {
  warnUnhandledFields(policy, retryFields, findings);
  const avoidPrioritiesEvery = convertPriority(policy, findings);
  return {
    retryOn: policy.retryOn
      .split(',')
      .map((condition) => condition.trim())
      .filter((condition) => condition !== ''),
    numRetries: policy.numRetries ?? 1,
    perTryTimeoutMs: durationMs(policy.perTryTimeout, 0),
    retriableStatusCodes: policy.retriableStatusCodes,
    avoidPreviousHosts: avoidsPreviousHosts(policy, findings),
    hostSelectionMaxAttempts: Number(policy.hostSelectionRetryMaxAttempts) || 1,
    ...(avoidPrioritiesEvery === undefined ? {} : { avoidPrioritiesEvery }),
    backOff: convertBackOff(policy, findings),
  };
}

function avoidsPreviousHosts(policy: EnvoyRetryPolicy, findings: Findings): boolean {
  let avoids = false;
  for (const predicate of policy.retryHostPredicate) {
    const any = predicate.configType.case === 'typedConfig' ? predicate.configType.value : undefined;
    if (unpackAny(any, PreviousHostsPredicateSchema, findings)) avoids = true;
    else findings.reject(notRegistered(predicate.name, any));
  }
  return avoids;
}

function convertPriority({ retryPriority }: EnvoyRetryPolicy, findings: Findings): number | undefined {
  if (retryPriority === undefined) return undefined;
  const any = retryPriority.configType.case === 'typedConfig' ? retryPriority.configType.value : undefined;
  const config = unpackAny(any, PreviousPrioritiesConfigSchema, findings);
  if (config === undefined) findings.reject(notRegistered(retryPriority.name, any));
  else if (config.updateFrequency < 1)
    findings.constraint('PreviousPrioritiesConfig', 'UpdateFrequency', 'value must be greater than 0');
  return config?.updateFrequency;
}

const envoysBaseMs = 25;

function convertBackOff({ retryBackOff }: EnvoyRetryPolicy, findings: Findings): RetryPolicy['backOff'] {
  if (retryBackOff === undefined) return { baseMs: envoysBaseMs, maxMs: 10 * envoysBaseMs };
  const inside = findings.within('RetryPolicy', 'RetryBackOff');
  const baseMs = durationMs(retryBackOff.baseInterval, 0);
  if (baseMs <= 0) inside.constraint('RetryBackOff', 'BaseInterval', 'value must be greater than 0s');
  const maxMs = durationMs(retryBackOff.maxInterval, 10 * baseMs);
  if (maxMs < baseMs) inside.reject('retry_policy.max_interval must greater than or equal to the base_interval');
  return { baseMs, maxMs };
}
