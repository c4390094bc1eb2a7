// TrafficPolicy: unknown -> TrafficPolicySpec. A part that cannot be read is left out, and the others count.
import {
  booleanField,
  durationField,
  enumField,
  integerField,
  integersField,
  messageField,
  messagesField,
  reportMissing,
  selectorField,
  stringsField,
} from './fields.ts';
import { type FieldTable, type Message, reportInvalid, served, shorten, tableOf } from './message.ts';
import { isHost } from './names.ts';
import type { FieldPath } from './resource.ts';
import type { ProxyProtocol, RateLimit, RequestLimits, TrafficPolicySpec } from './traffic-policy.ts';

export const trafficPolicyFields: FieldTable = tableOf(
  ['selector', 'ports', 'rateLimits', 'limits', 'proxyProtocol', 'preserveHeaderCase'],
  served,
);
const rateLimitFields: FieldTable = tableOf(
  ['hosts', 'routes', 'perClientAddress', 'requests', 'interval', 'burst', 'headers'],
  served,
);
const limitFields: FieldTable = tableOf(['headersKiB', 'headerCount', 'bodyBytes'], served);

const proxyProtocols: readonly ProxyProtocol[] = ['REQUIRED', 'OPTIONAL', 'OFF'];
/** Envoy's own bounds. */
const maxHeadersKiB = 8192;
const maxHeaderCount = 1_000_000;
const maxBytes = 0xffffffff;
const minIntervalMs = 50;

export function parseTrafficPolicy(spec: Message): TrafficPolicySpec | undefined {
  const selector = selectorField(spec);
  const ports = integersField(spec, 'ports', 1, 65_535);
  // Without these nobody knows whom it is for.
  const isUnclear = selector === undefined || spec.broken.has('ports');
  const parsed = {
    selector: selector ?? {},
    ports,
    rateLimits: messagesField(spec, 'rateLimits', rateLimitFields, parseRateLimit),
    limits: messageField(spec, 'limits', limitFields, parseLimits),
    proxyProtocol: enumField(spec, 'proxyProtocol', proxyProtocols),
    preserveHeaderCase: booleanField(spec, 'preserveHeaderCase'),
  };
  return isUnclear ? undefined : parsed;
}

function parseLimits(message: Message): RequestLimits {
  return {
    headersKiB: integerField(message, 'headersKiB', 1, maxHeadersKiB),
    headerCount: integerField(message, 'headerCount', 1, maxHeaderCount),
    bodyBytes: integerField(message, 'bodyBytes', 1, maxBytes),
  };
}

const dropped = 'The limit is left out.';

function parseRateLimit(message: Message, index: number): RateLimit | undefined {
  const isUsable = (text: string, path: FieldPath): boolean => {
    if (isHost(text)) return true;
    reportInvalid(
      message.context,
      path,
      `is ${shorten(text)}, no host`,
      dropped,
      'Write a.example.com or *.example.com.',
    );
    return false;
  };
  const requests = integerField(message, 'requests', 1, maxBytes);
  const limit = {
    hosts: stringsField(message, 'hosts', isUsable).map((host) => host.toLowerCase()),
    routes: stringsField(message, 'routes'),
    perClientAddress: booleanField(message, 'perClientAddress') ?? false,
    intervalMs: durationField(message, 'interval') ?? 1000,
    burst: integerField(message, 'burst', 1, maxBytes) ?? requests ?? 1,
    headers: booleanField(message, 'headers') ?? false,
    index,
  };
  if (requests === undefined) {
    if (!message.broken.has('requests')) reportMissing(message, 'requests', dropped, 'Say how many.');
    return undefined;
  }
  if (limit.intervalMs < minIntervalMs) {
    const path = [...message.path, 'interval'];
    reportInvalid(message.context, path, 'is shorter than 50ms', dropped, 'Write 50ms or more.');
    return undefined;
  }
  if (limit.burst < requests) {
    const path = [...message.path, 'burst'];
    const what = `is ${limit.burst}, less than requests`;
    reportInvalid(message.context, path, what, dropped, 'Write as many as requests, or more.');
    return undefined;
  }
  return message.broken.size > 0 ? undefined : { ...limit, requests };
}
