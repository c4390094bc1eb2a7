// The retries of an http rule: unknown -> HttpRetry.
import { booleanField, durationField, integerField, stringField } from './fields.ts';
import { type Message, reportInvalid, shorten } from './message.ts';
import type { HttpRetry } from './virtual-service.ts';

/** Envoy's conditions (config_http_filters_router_x-envoy-retry-on and -grpc-on). */
const conditions = new Set([
  ...['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'envoy-ratelimited', 'retriable-4xx'],
  ...['refused-stream', 'retriable-status-codes', 'retriable-headers', 'http3-post-connect-failure'],
  ...['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'],
]);

const IGNORED = 'The entry is left out.';

/** Undefined (and reported) where nothing can be made of it: then Istio's default policy is in force. */
export function parseRetry(message: Message): HttpRetry | undefined {
  const attempts = integerField(message, 'attempts', 0, 2 ** 31 - 1) ?? 0;
  const perTryTimeoutMs = durationField(message, 'perTryTimeout');
  const retryOn = parseRetryOn(message, stringField(message, 'retryOn') ?? '');
  const backoffMs = durationField(message, 'backoff');
  const retry = {
    attempts,
    perTryTimeoutMs,
    ...retryOn,
    retryRemoteLocalities: booleanField(message, 'retryRemoteLocalities') ?? false,
    retryIgnorePreviousHosts: booleanField(message, 'retryIgnorePreviousHosts') ?? true,
    backoffMs,
  };
  if (message.broken.has('attempts')) return undefined;
  const others = Object.keys(message.fields).filter((name) => name !== 'attempts');
  if (attempts === 0 && others.length > 0)
    reportInvalid(
      message.context,
      message.path,
      'sets no attempts',
      `Without them requests are not retried at all, so ${others.join(', ')} mean${others.length > 1 ? '' : 's'} nothing.`,
      'Say how many attempts to make.',
    );
  return retry;
}

function parseRetryOn(message: Message, text: string): Pick<HttpRetry, 'retryOn' | 'retriableStatusCodes'> {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const codes = words.filter((word) => /^\d+$/.test(word));
  const retriableStatusCodes = codes.map(Number).filter((code) => code >= 100 && code <= 599);
  const known = words.filter((word) => conditions.has(word));
  for (const word of words) {
    if (conditions.has(word) || (/^\d+$/.test(word) && retriableStatusCodes.includes(Number(word)))) continue;
    const what = `names ${shorten(word)}, which is no condition for a retry`;
    const remedy =
      'Use a status code, or one of 5xx, gateway-error, reset, connect-failure, refused-stream, unavailable.';
    reportInvalid(message.context, [...message.path, 'retryOn'], what, IGNORED, remedy);
  }
  return { retryOn: words.length === 0 ? undefined : known, retriableStatusCodes };
}
