// local_ratelimit → a limit of the engine. What cannot be counted is refused: it would let everything through.

import { XRateLimitHeadersRFCVersion } from '../../../xds/generated/envoy/extensions/common/ratelimit/v3/ratelimit_pb.ts';
import type { LocalRateLimit as EnvoyLocalRateLimit } from '../../../xds/generated/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts';
import type { TokenBucket as EnvoyTokenBucket } from '../../../xds/generated/envoy/type/v3/token_bucket_pb.ts';
import { shareOf } from './convert-share.ts';
import { durationMs } from './duration-ms.ts';
import type { Findings } from './findings.ts';
import type { LocalRateLimit, TokenBucket } from './rate-limit-config.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const fields = new Set([
  ...['statPrefix', 'status', 'tokenBucket', 'filterEnabled', 'filterEnforced', 'enableXRatelimitHeaders'],
  ...['rateLimits', 'descriptors', 'alwaysConsumeDefaultTokenBucket', 'maxDynamicDescriptors'],
]);
const tooManyRequests = 429;
const unguarded = 'in the embedded engine, which serves nothing unguarded';

/** `where`: of the listener's chain, or of the host or route. Undefined: it limits nothing. */
export function convertLocalRateLimit(
  config: EnvoyLocalRateLimit,
  where: string,
  findings: Findings,
): LocalRateLimit | undefined {
  if (warnUnhandledFields(config, fields, findings))
    findings.reject(`a part of local_ratelimit is not supported ${unguarded}`);
  const { filterEnabled, filterEnforced } = config;
  // Neither is in force where it is absent.
  const share = Math.min(shareOf(filterEnabled?.defaultValue), shareOf(filterEnforced?.defaultValue));
  if (share === 0) return undefined;
  if (share < 1) findings.reject(`local_ratelimit for a part of the requests is not supported ${unguarded}`);
  const perClientAddress = config.rateLimits.length + config.descriptors.length > 0;
  const bucket = perClientAddress
    ? clientBucket(config, findings)
    : config.tokenBucket && convertBucket(config.tokenBucket);
  if (bucket === undefined) return undefined;
  return {
    identity: [where, perClientAddress, bucket.maxTokens, bucket.tokensPerFill, bucket.fillIntervalMs].join(' '),
    statPrefix: config.statPrefix,
    bucket,
    perClientAddress,
    status: config.status?.code || tooManyRequests,
    tellsClients: config.enableXRatelimitHeaders === XRateLimitHeadersRFCVersion.DRAFT_VERSION_03,
  };
}

const convertBucket = ({ maxTokens, tokensPerFill, fillInterval }: EnvoyTokenBucket): TokenBucket => ({
  maxTokens,
  tokensPerFill: tokensPerFill ?? 1,
  fillIntervalMs: durationMs(fillInterval, 1000),
});

/** One bucket for each address, and none for all of them together. */
function clientBucket(config: EnvoyLocalRateLimit, findings: Findings): TokenBucket | undefined {
  const { rateLimits, descriptors } = config;
  const [limit] = rateLimits;
  const [descriptor] = descriptors;
  const [entry] = descriptor?.entries ?? [];
  const isByAddress =
    rateLimits.length === 1 &&
    descriptors.length === 1 &&
    limit?.actions.length === 1 &&
    limit.actions[0]?.actionSpecifier.case === 'remoteAddress' &&
    descriptor?.entries.length === 1 &&
    entry?.key === 'remote_address' &&
    entry.value === '' &&
    config.alwaysConsumeDefaultTokenBucket === false;
  if (!isByAddress)
    findings.reject(`descriptors of local_ratelimit other than by the client's address are not supported ${unguarded}`);
  return descriptor?.tokenBucket && convertBucket(descriptor.tokenBucket);
}
