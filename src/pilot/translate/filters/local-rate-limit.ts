// HTTP filters of rate limits: one for each, in force for all requests, or switched on by the hosts and routes that it is for.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { XRateLimitHeadersRFCVersion } from '../../../xds/generated/envoy/extensions/common/ratelimit/v3/ratelimit_pb.ts';
import { LocalRateLimitSchema } from '../../../xds/generated/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts';
import { isEverywhere, type RateLimitView } from '../../model/traffic-view.ts';
import { duration } from '../config-source.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

const always = { defaultValue: { numerator: 100 } };
const statPrefix = 'http_local_rate_limiter';
/** Of addresses that have a bucket; the one that is not seen for longest goes first. */
const maxAddresses = 10_000;
/** Takes nothing from requests whose address has a bucket of its own; Envoy wants one all the same. */
const endless = { maxTokens: 0xffffffff, tokensPerFill: 0xffffffff, fillInterval: { seconds: 1n } };

function settingsOf({
  requests,
  burst,
  intervalMs,
  perClientAddress,
  headers,
}: RateLimitView): MessageInitShape<typeof LocalRateLimitSchema> {
  const bucket = { maxTokens: burst, tokensPerFill: requests, fillInterval: duration(intervalMs) };
  const settings: MessageInitShape<typeof LocalRateLimitSchema> = {
    statPrefix,
    filterEnabled: always,
    filterEnforced: always,
    ...(headers && { enableXRatelimitHeaders: XRateLimitHeadersRFCVersion.DRAFT_VERSION_03 }),
  };
  if (!perClientAddress) return { ...settings, tokenBucket: bucket };
  return {
    ...settings,
    tokenBucket: endless,
    alwaysConsumeDefaultTokenBucket: false,
    rateLimits: [{ actions: [{ actionSpecifier: { case: 'remoteAddress' as const, value: {} } }] }],
    descriptors: [{ entries: [{ key: 'remote_address' }], tokenBucket: bucket }],
    maxDynamicDescriptors: maxAddresses,
  };
}

const packed = (settings: MessageInitShape<typeof LocalRateLimitSchema>): Any =>
  anyPack(LocalRateLimitSchema, create(LocalRateLimitSchema, settings));

export const localRateLimits = (limits: readonly RateLimitView[]): readonly HttpFilterFeature[] =>
  limits.map((limit) =>
    isEverywhere(limit)
      ? { name: limit.filter, config: () => packed(settingsOf(limit)) }
      : { name: limit.filter, disabled: true, config: () => packed({ statPrefix }) },
  );

/** For a host or a route: switches the filters on there. */
export const limitsOf = (limits: readonly RateLimitView[] = []): Record<string, Any> =>
  Object.fromEntries(limits.map((limit) => [limit.filter, packed(settingsOf(limit))]));
