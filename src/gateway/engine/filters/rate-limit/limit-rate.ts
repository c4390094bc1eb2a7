// Envoy's local_ratelimit: refuses a request for which its host, route or client has no token left.
import type { LocalRateLimit } from '../../config/engine-config.ts';
import { clientIpOf } from '../../http/client-ip.ts';
import type { Exchange, LocalReply } from '../../http/exchange.ts';
import type { HttpServing } from '../../http/http-serving.ts';

/** Undefined: it may pass. */
export function limitRate(
  exchange: Exchange,
  limit: LocalRateLimit,
  { buckets, statistics }: Pick<HttpServing, 'buckets' | 'statistics'>,
): LocalReply | undefined {
  const { identity, bucket, perClientAddress } = limit;
  const taken = buckets.take(perClientAddress ? `${identity} ${clientIpOf(exchange)}` : identity, bucket);
  const counters = statistics.filters.rateLimit(limit.statPrefix);
  counters.enabled++;
  if (taken.allowed) counters.ok++;
  else {
    counters.rate_limited++;
    counters.enforced++;
  }
  const headers = limit.tellsClients
    ? [
        ...['x-ratelimit-limit', String(bucket.maxTokens), 'x-ratelimit-remaining', String(taken.remaining)],
        ...['x-ratelimit-reset', String(taken.resetSeconds)],
      ]
    : [];
  if (!taken.allowed)
    return { status: limit.status, body: 'local_rate_limited', details: 'local_rate_limited', flags: ['RL'], headers };
  if (headers.length > 0) {
    const before = exchange.completeResponse;
    exchange.completeResponse = (response) => [...(before?.(response) ?? response), ...headers];
  }
  return undefined;
}
