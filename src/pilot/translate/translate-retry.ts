// When and where a request is tried again.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type RetryPolicy, RetryPolicySchema } from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { PreviousHostsPredicateSchema } from '../../xds/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import { PreviousPrioritiesConfigSchema } from '../../xds/generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts';
import type { HttpRetry } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';

/** Tries that did not reach an application are made again; any number of its own answers are not. */
const defaultRetryOn = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'];
const defaultAttempts = 2;

/** Elsewhere, that is not where it failed. */
const elsewhere: Pick<MessageInitShape<typeof RetryPolicySchema>, 'retryHostPredicate'> = {
  retryHostPredicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      configType: {
        case: 'typedConfig',
        value: anyPack(PreviousHostsPredicateSchema, create(PreviousHostsPredicateSchema)),
      },
    },
  ],
};

/** After every second try the priorities tried so far are left out. */
const otherLocalities: Pick<MessageInitShape<typeof RetryPolicySchema>, 'retryPriority'> = {
  retryPriority: {
    name: 'envoy.retry_priorities.previous_priorities',
    configType: {
      case: 'typedConfig',
      value: anyPack(PreviousPrioritiesConfigSchema, create(PreviousPrioritiesConfigSchema, { updateFrequency: 2 })),
    },
  },
};

const hostSelectionRetryMaxAttempts = 5n;

const defaults = { retryOn: defaultRetryOn.join(','), numRetries: defaultAttempts, hostSelectionRetryMaxAttempts };
const defaultPolicy = create(RetryPolicySchema, { ...defaults, ...elsewhere });
/** What the key of a request leads to is where it is to go, however often. */
const consistentHashPolicy = create(RetryPolicySchema, defaults);

/** Field of a RouteAction; none where retries are switched off. */
export function translateRetry(
  retries: HttpRetry | undefined,
  consistentHash: boolean,
): { readonly retryPolicy?: RetryPolicy } {
  if (retries === undefined) return { retryPolicy: consistentHash ? consistentHashPolicy : defaultPolicy };
  if (retries.attempts === 0) return {};
  return {
    retryPolicy: create(RetryPolicySchema, {
      retryOn: retryOn(retries),
      numRetries: retries.attempts,
      retriableStatusCodes: [...retries.retriableStatusCodes],
      hostSelectionRetryMaxAttempts,
      ...(retries.retryIgnorePreviousHosts && !consistentHash ? elsewhere : {}),
      ...(retries.retryRemoteLocalities ? otherLocalities : {}),
      ...(retries.perTryTimeoutMs === undefined ? {} : { perTryTimeout: duration(retries.perTryTimeoutMs) }),
      ...(retries.backoffMs === undefined ? {} : { retryBackOff: { baseInterval: duration(retries.backoffMs) } }),
    }),
  };
}

/** Status codes count only beside the condition that makes them count. */
function retryOn({ retryOn: conditions = defaultRetryOn, retriableStatusCodes }: HttpRetry): string {
  const needsCondition = retriableStatusCodes.length > 0 && !conditions.includes('retriable-status-codes');
  return [...conditions, ...(needsCondition ? ['retriable-status-codes'] : [])].join(',');
}
