// The loadBalancer of a traffic policy: unknown -> LoadBalancerSettings. What cannot be read leaves Istio's default, least request.
import type { ConsistentHash, HashKey, LoadBalancerSettings, SimpleLoadBalancer, Warmup } from './destination-rule.ts';
import {
  consistentHashFields,
  cookieAttributeFields,
  httpCookieFields,
  localityLbFields,
  maglevFields,
  ringHashFields,
  warmupFields,
  zoneAwareLbFields,
} from './destination-rule-fields.ts';
import {
  booleanField,
  durationField,
  durationOrZeroField,
  enumField,
  integerField,
  messageField,
  messagesField,
  numberField,
  reportMissing,
  stringField,
} from './fields.ts';
import { type Message, report, reportInvalid, shorten } from './message.ts';
import { isHeaderName } from './names.ts';
import { parseLocalityLb, parseZoneAwareLb } from './parse-locality-lb.ts';

/** LEAST_CONN is Istio's old name of LEAST_REQUEST. */
const simple = ['UNSPECIFIED', 'LEAST_CONN', 'LEAST_REQUEST', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN'] as const;

const DEFAULT = 'Requests are spread by least request.';
/** Envoy refuses larger ones (config.cluster.v3.Cluster.RingHashLbConfig, MaglevLbConfig). */
const maxRingSize = 8_388_608;
const maxTableSize = 5_000_011;
const istiosRingSize = 1024;

export function parseLoadBalancer(message: Message): LoadBalancerSettings {
  const named = enumField(message, 'simple', simple);
  const hash = messageField(message, 'consistentHash', consistentHashFields, parseConsistentHash);
  if (named !== undefined && message.fields.consistentHash !== undefined)
    reportInvalid(
      message.context,
      [...message.path, 'simple'],
      'stands beside consistentHash',
      'consistentHash counts.',
      'Keep one of them.',
    );
  if (named === 'PASSTHROUGH')
    report(message.context, [...message.path, 'simple'], {
      severity: 'warning',
      code: 'TG0008',
      message: `PASSTHROUGH has no meaning at a gateway, where clients connect to no endpoint's address. ${DEFAULT}`,
      remedy: 'Remove it.',
    });
  return { policy: hash ?? policyOf(named), warmup: parseWarmup(message), ...parseLocalities(message) };
}

function parseLocalities(message: Message): Pick<LoadBalancerSettings, 'localityLb' | 'zoneAwareLb'> {
  const localityLb = messageField(message, 'localityLbSetting', localityLbFields, parseLocalityLb);
  const zoneAwareLb = messageField(message, 'zoneAwareLbSetting', zoneAwareLbFields, parseZoneAwareLb);
  if (localityLb !== undefined && zoneAwareLb !== undefined)
    reportInvalid(
      message.context,
      [...message.path, 'localityLbSetting'],
      'stands beside zoneAwareLbSetting',
      'zoneAwareLbSetting counts.',
      'Keep one of them.',
    );
  return { localityLb, zoneAwareLb };
}

function policyOf(named: (typeof simple)[number] | undefined): SimpleLoadBalancer {
  return named === 'RANDOM' || named === 'ROUND_ROBIN' ? named : 'LEAST_REQUEST';
}

/** warmupDurationSecs is its first form, which counts where there is no other. */
function parseWarmup(message: Message): Warmup | undefined {
  const warmup = messageField(message, 'warmup', warmupFields, (field): Warmup | undefined => {
    const durationMs = durationField(field, 'duration');
    const minimumPercent = numberField(field, 'minimumPercent', 0, 100);
    const aggression = numberField(field, 'aggression', 1, Number.MAX_SAFE_INTEGER);
    if (durationMs !== undefined) return { durationMs, minimumPercent, aggression };
    reportMissing(field, 'duration', 'Endpoints get their share at once.', 'Say how long it takes, such as 60s.');
    return undefined;
  });
  const durationMs = durationField(message, 'warmupDurationSecs');
  return (
    warmup ?? (durationMs === undefined ? undefined : { durationMs, minimumPercent: undefined, aggression: undefined })
  );
}

function parseConsistentHash(message: Message): ConsistentHash | undefined {
  const keys = parseKeys(message);
  const oldSize = integerField(message, 'minimumRingSize', 0, maxRingSize);
  const ringSize = messageField(message, 'ringHash', ringHashFields, (field) => ({
    size: integerField(field, 'minimumRingSize', 0, maxRingSize),
  }));
  const maglev = messageField(message, 'maglev', maglevFields, (field) => ({ tableSize: parseTableSize(field) }));
  const [key, ...others] = keys;
  if (key === undefined) {
    if (message.broken.size === 0)
      reportInvalid(
        message.context,
        message.path,
        'has no key',
        DEFAULT,
        'Give it httpHeaderName, httpCookie, httpQueryParameterName or useSourceIp.',
      );
    return undefined;
  }
  if (others.length > 0)
    reportInvalid(message.context, message.path, 'has several keys', 'The first counts.', 'Keep one of them.');
  if (maglev !== undefined) return { key, table: { kind: 'maglev', tableSize: maglev.tableSize } };
  const minimumRingSize = ringSize?.size || oldSize || istiosRingSize;
  return { key, table: { kind: 'ringHash', minimumRingSize } };
}

function parseKeys(message: Message): readonly HashKey[] {
  const header = stringField(message, 'httpHeaderName') || undefined;
  const cookie = messageField(message, 'httpCookie', httpCookieFields, parseCookie);
  const sourceIp = booleanField(message, 'useSourceIp');
  const queryParameter = stringField(message, 'httpQueryParameterName') || undefined;
  if (header !== undefined && !isHeaderName(header)) {
    message.broken.add('httpHeaderName');
    const path = [...message.path, 'httpHeaderName'];
    reportInvalid(message.context, path, `is ${shorten(header)}, no name of a header`, DEFAULT, 'Write a header name.');
  }
  return [
    ...(header === undefined || message.broken.has('httpHeaderName')
      ? []
      : [{ kind: 'header', name: header.toLowerCase() } as const]),
    ...(cookie === undefined ? [] : [cookie]),
    ...(sourceIp === true ? [{ kind: 'sourceIp' } as const] : []),
    ...(queryParameter === undefined ? [] : [{ kind: 'queryParameter', name: queryParameter } as const]),
  ];
}

/** What can stand in Set-Cookie without ending it (RFC 6265 4.1.1). */
const cookieName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const cookieValue = /^[\x20-\x3a\x3c-\x7e]*$/;

function parseCookie(message: Message): HashKey | undefined {
  const name = stringField(message, 'name');
  const path = textOf(message, 'path', cookieValue) ?? '';
  const ttlMs = durationOrZeroField(message, 'ttl');
  const attributes = messagesField(message, 'attributes', cookieAttributeFields, (attribute) => {
    const attributeName = textOf(attribute, 'name', cookieName);
    const value = textOf(attribute, 'value', cookieValue) ?? '';
    return attributeName === undefined || attribute.broken.size > 0 ? undefined : { name: attributeName, value };
  });
  if (name === undefined) reportMissing(message, 'name', DEFAULT, 'Name the cookie.');
  else if (!cookieName.test(name)) {
    const remedy = 'Use letters, digits, - and _.';
    reportInvalid(
      message.context,
      [...message.path, 'name'],
      `is ${shorten(name)}, no name of a cookie`,
      DEFAULT,
      remedy,
    );
  } else return { kind: 'cookie', name, path, ttlMs, attributes };
  return undefined;
}

function textOf(message: Message, name: string, form: RegExp): string | undefined {
  const text = stringField(message, name);
  if (text === undefined || form.test(text)) return text;
  message.broken.add(name);
  const remedy = 'Leave semicolons and control characters out.';
  reportInvalid(message.context, [...message.path, name], 'cannot stand in a cookie', 'It is left out.', remedy);
  return undefined;
}

const isPrime = (value: number): boolean => {
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return value > 1;
};

/** Envoy refuses a cluster whose table has another size. */
function parseTableSize(message: Message): number | undefined {
  const size = integerField(message, 'tableSize', 0, maxTableSize);
  if (size === undefined || size === 0 || isPrime(size)) return size || undefined;
  const path = [...message.path, 'tableSize'];
  reportInvalid(
    message.context,
    path,
    `is ${size}, no prime number`,
    "Envoy's 65537 is used.",
    'Write a prime number.',
  );
  return undefined;
}
