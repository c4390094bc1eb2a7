// extensionProviders of the mesh settings that decide about requests: what AuthorizationPolicies with action CUSTOM name.
import {
  booleanField,
  durationOrZeroField,
  messageField,
  stringField,
  stringMapField,
  stringsField,
} from '../resources/fields.ts';
import {
  type FieldTable,
  isRecord,
  type Message,
  openMessage,
  report,
  served,
  shorten,
  tableOf,
} from '../resources/message.ts';
import { isHeaderName } from '../resources/names.ts';
import { checkCommandFormat } from './check-access-log-format.ts';
import type { ExtAuthzHttp, ExtAuthzProvider } from './mesh-settings.ts';

const commonFields = [
  ...['service', 'port', 'timeout', 'failOpen', 'clearRouteCache', 'statusOnError', 'includeRequestBodyInCheck'],
];
const grpcFields: FieldTable = tableOf(commonFields, served);
const httpFields: FieldTable = tableOf(
  [
    ...commonFields,
    ...['pathPrefix', 'includeHeadersInCheck', 'includeRequestHeadersInCheck', 'includeAdditionalHeadersInCheck'],
    ...['headersToUpstreamOnAllow', 'headersToDownstreamOnDeny', 'headersToDownstreamOnAllow'],
  ],
  served,
);
const bodyFields: FieldTable = tableOf(['maxRequestBytes', 'allowPartialMessage', 'packAsBytes'], served);

const kinds = [
  { key: 'envoyExtAuthzHttp', kind: 'http', fields: httpFields },
  { key: 'envoyExtAuthzGrpc', kind: 'grpc', fields: grpcFields },
] as const;

/** Istio waits that long for an answer. */
const defaultTimeoutMs = 600_000;
/** Envoy counts milliseconds in 32 bits. */
const maxTimeoutMs = 0xffff_ffff;
const maxUint32 = 0xffff_ffff;

/** Those that Envoy may answer with. */
const statusCodes: ReadonlySet<string> = new Set(
  `100 200 201 202 203 204 205 206 207 208 226 300 301 302 303 304 305 307 308
  400 401 402 403 404 405 406 407 408 409 410 411 412 413 414 415 416 417 421 422 423 424 426 428 429 431
  500 501 502 503 504 505 506 507 508 510 511`.split(/\s+/),
);

/**
 * In the order written, those of other kinds left out. One that cannot be used is kept with its problem: what it was to
 * decide about is denied, and nothing else is touched.
 */
export function readExtAuthzProviders({ context, path, fields: settings }: Message): readonly ExtAuthzProvider[] {
  const { extensionProviders } = settings;
  // Of a list that is none all mesh settings are refused.
  const entries: readonly unknown[] = Array.isArray(extensionProviders) ? extensionProviders : [];
  const names = new Set<string>();
  return entries.flatMap((entry, index) => {
    if (!isRecord(entry)) return [];
    return kinds.flatMap(({ key, kind, fields }) => {
      if (entry[key] === undefined || entry[key] === null) return [];
      const at = [...path, 'extensionProviders', index, key];
      const message = openMessage(context, at, entry[key], fields);
      const name = typeof entry.name === 'string' ? entry.name : '';
      const twin = names.has(name) ? ['another provider has its name'] : [];
      names.add(name);
      const read = message === undefined ? unreadable : readProvider(message, kind);
      const problem = [...nameProblems(name), ...twin, ...read.problems][0];
      if (problem !== undefined)
        report(context, at, {
          severity: 'error',
          code: 'TG0030',
          message: `The extension provider ${shorten(name)} cannot be asked: ${problem}. What it would decide about is denied.`,
          remedy: 'Correct the provider in the mesh settings.',
        });
      return [{ ...read.settings, name, problem }];
    });
  });
}

interface Read {
  readonly settings: Omit<ExtAuthzProvider, 'name' | 'problem'>;
  /** Each completes "cannot be asked: …". */
  readonly problems: readonly string[];
}

const unreadable: Read = {
  settings: {
    service: '',
    port: 0,
    timeoutMs: defaultTimeoutMs,
    failOpen: false,
    clearRouteCache: false,
    statusOnError: undefined,
    body: undefined,
    http: undefined,
  },
  problems: ['it is no mapping'],
};

/** Istio's, so that a name can stand in the name of a rule. */
function nameProblems(name: string): readonly string[] {
  if (name === '') return ['it has no name'];
  return name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)
    ? []
    : ['its name is not made of at most 63 lower-case letters, digits and hyphens'];
}

function readProvider(message: Message, kind: 'http' | 'grpc'): Read {
  const problems: string[] = [];
  const service = stringField(message, 'service') ?? '';
  if (service === '') problems.push('service is missing');
  else if (service.split('/').length > 2) problems.push('service is not host or namespace/host');
  const port = numberOf(message, 'port');
  if (port === undefined || port < 1 || port > 65_535) problems.push('port is not a number from 1 to 65535');
  const timeoutMs = durationOrZeroField(message, 'timeout') ?? defaultTimeoutMs;
  if (timeoutMs > maxTimeoutMs) problems.push('timeout is more than 49 days');
  const status = stringField(message, 'statusOnError') ?? '';
  if (status !== '' && !statusCodes.has(status)) problems.push(`statusOnError ${shorten(status)} is no HTTP status`);
  const body = messageField(message, 'includeRequestBodyInCheck', bodyFields, (field) => readBody(field, problems));
  const http = kind === 'http' ? readHttp(message, problems) : undefined;
  const settings = {
    service,
    port: port ?? 0,
    timeoutMs,
    failOpen: booleanField(message, 'failOpen') ?? false,
    clearRouteCache: booleanField(message, 'clearRouteCache') ?? false,
    statusOnError: status === '' ? undefined : Number(status),
    body,
    http,
  };
  // Of what is not understood nobody knows whether it was to let something in.
  if (message.broken.size > 0) problems.push(`${[...message.broken].join(', ')} cannot be read`);
  return { settings, problems };
}

function numberOf(message: Message, name: string): number | undefined {
  const value = message.fields[name];
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

function readBody(message: Message, problems: string[]): ExtAuthzProvider['body'] {
  const maxBytes = numberOf(message, 'maxRequestBytes') ?? 0;
  if (maxBytes < 1 || maxBytes > maxUint32) problems.push('maxRequestBytes is not a number above 0');
  const allowPartial = booleanField(message, 'allowPartialMessage') ?? false;
  const packAsBytes = booleanField(message, 'packAsBytes') ?? false;
  return message.broken.size > 0 ? undefined : { maxBytes, allowPartial, packAsBytes };
}

function readHttp(message: Message, problems: string[]): ExtAuthzHttp {
  const pathPrefix = stringField(message, 'pathPrefix') ?? '';
  if (pathPrefix !== '' && !/^\/[\x21-\x7e]*$/.test(pathPrefix))
    problems.push(`pathPrefix ${shorten(pathPrefix)} is no path that begins with /`);
  const patterns = (name: string): readonly string[] =>
    stringsField(message, name, (pattern) => {
      if (pattern === '*') problems.push(`${name} has *, which stands for no header: write a prefix or a suffix`);
      return true;
    });
  const included = patterns('includeRequestHeadersInCheck');
  const deprecated = patterns('includeHeadersInCheck');
  return {
    pathPrefix,
    includedHeaders: included.length > 0 ? included : deprecated,
    additionalHeaders: readAdditionalHeaders(message, problems),
    toUpstreamOnAllow: patterns('headersToUpstreamOnAllow'),
    toDownstreamOnDeny: patterns('headersToDownstreamOnDeny'),
    toDownstreamOnAllow: patterns('headersToDownstreamOnAllow'),
  };
}

/** Sorted, as Istio sorts them. */
function readAdditionalHeaders(message: Message, problems: string[]): ExtAuthzHttp['additionalHeaders'] {
  const headers = Object.entries(stringMapField(message, 'includeAdditionalHeadersInCheck'));
  for (const [name, value] of headers) {
    if (!isHeaderName(name) || name.toLowerCase() === 'host')
      problems.push(`${shorten(name)} is no header that can be added`);
    else if (/[^\P{Cc}\t]/u.test(value)) problems.push(`the header ${name} has a control character in it`);
    else {
      const wrong = checkCommandFormat(value);
      if (wrong !== undefined) problems.push(`the header ${name} has a value that no data plane takes: ${wrong}`);
    }
  }
  return headers.sort(([a], [b]) => (a < b ? -1 : 1));
}
