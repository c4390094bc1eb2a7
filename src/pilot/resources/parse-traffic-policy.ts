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
import type {
  Compression,
  CompressionAlgorithm,
  ProxyProtocol,
  RateLimit,
  RequestLimits,
  TrafficPolicySpec,
} from './traffic-policy.ts';

export const trafficPolicyFields: FieldTable = tableOf(
  ['selector', 'ports', 'rateLimits', 'limits', 'proxyProtocol', 'preserveHeaderCase', 'compression'],
  served,
);
const rateLimitFields: FieldTable = tableOf(
  ['hosts', 'routes', 'perClientAddress', 'requests', 'interval', 'burst', 'headers'],
  served,
);
const limitFields: FieldTable = tableOf(['headersKiB', 'headerCount', 'bodyBytes'], served);

const compressionFields: FieldTable = tableOf(['algorithms', 'contentTypes', 'minBytes'], served);

const algorithms: readonly CompressionAlgorithm[] = ['GZIP', 'BROTLI', 'ZSTD'];
/** Envoy's. */
const defaultMinBytes = 30;
const usualTypes = [
  ...['application/javascript', 'application/json', 'application/xhtml+xml', 'application/xml', 'image/svg+xml'],
  ...['text/css', 'text/html', 'text/javascript', 'text/plain', 'text/xml'],
];
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
    compression: messageField(spec, 'compression', compressionFields, parseCompression),
  };
  return isUnclear ? undefined : parsed;
}

const mediaType = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/;

function parseCompression(message: Message): Compression | undefined {
  const isAlgorithm = (text: string, path: FieldPath): boolean => {
    if (algorithms.some((one) => one === text)) return true;
    const remedy = `Use ${algorithms.join(', ')}.`;
    reportInvalid(message.context, path, `is ${shorten(text)}, no algorithm`, 'Answers are not compressed.', remedy);
    return false;
  };
  const isMediaType = (text: string, path: FieldPath): boolean => {
    if (mediaType.test(text)) return true;
    const what = `is ${shorten(text)}, no media type`;
    reportInvalid(message.context, path, what, 'Answers are not compressed.', 'Write application/json.');
    return false;
  };
  const wanted = stringsField(message, 'algorithms', isAlgorithm);
  const types = stringsField(message, 'contentTypes', isMediaType);
  const compression: Compression = {
    algorithms: wanted.length === 0 ? ['GZIP'] : algorithms.filter((one) => wanted.includes(one)),
    contentTypes: types.length === 0 ? usualTypes : types,
    minBytes: integerField(message, 'minBytes', 1, maxBytes) ?? defaultMinBytes,
  };
  return message.broken.size > 0 ? undefined : { ...compression, algorithms: inOrder(compression.algorithms, wanted) };
}

/** As they were written, each once. */
const inOrder = (known: readonly CompressionAlgorithm[], wanted: readonly string[]): readonly CompressionAlgorithm[] =>
  known.toSorted((a, b) => wanted.indexOf(a) - wanted.indexOf(b));

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
