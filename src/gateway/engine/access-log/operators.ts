// Envoy's command operators: one entry each, from what is known of a request to its value.
import { randomUUID } from 'node:crypto';
import { metadataAt } from '../config/dynamic-metadata.ts';
import type { RequestInfo } from '../config/request-info.ts';
import { decodedParameters, percentDecode } from '../match/query-parameters.ts';
import { splitAddress } from './address.ts';
import { compileTimeFormat, timeFormatError } from './format-time.ts';
import { formatGrpcStatus, grpcStatusFormats } from './grpc-status.ts';
import { decodeHeaderValue, withoutSpaces } from './header-value.ts';
import { metadataJson } from './metadata-json.ts';
import type { Command } from './parse-command-format.ts';
import { longFlagNames, sortFlags } from './response-flag-names.ts';
import { unsupportedOperators } from './unsupported-operators.ts';

/** What is a tree of values in JSON, and in text what is left of that after `:Z`. */
export interface StructuredValue {
  readonly json: string;
  readonly text: string;
}

/** Undefined is a value that this request does not have: `-` in text, null in JSON. */
export type OperatorValue = string | number | StructuredValue | undefined;

/** In text. */
export const operatorText = (value: OperatorValue): string | undefined =>
  typeof value === 'object' ? value.text : value?.toString();
export type Operator = (info: RequestInfo) => OperatorValue;

export interface OperatorEnvironment {
  /** `%HOSTNAME%`. */
  readonly hostname: string;
  /** Milliseconds since 1970 when the text is made (`%EMIT_TIME%`). */
  readonly now: () => number;
  /** `%ENVIRONMENT(X)%`. */
  readonly variable: (name: string) => string | undefined;
}

export type CompiledOperator =
  | { readonly kind: 'ok'; readonly value: Operator; readonly unsupported?: true }
  | { readonly kind: 'error'; readonly error: string };

type Compile = (command: Command, environment: OperatorEnvironment) => CompiledOperator;
/** Which of `(…)` and `:Z` a command takes. */
type Syntax = 'none' | 'parameter?' | 'parameter' | 'parameter?:Z' | 'parameter:Z';
interface Entry {
  readonly syntax: Syntax;
  readonly compile: Compile;
}

const ok = (value: Operator): CompiledOperator => ({ kind: 'ok', value });
const fail = (error: string): CompiledOperator => ({ kind: 'error', error });

/** A command of its name alone. */
const plain = (value: Operator): Entry => ({ syntax: 'none', compile: () => ok(value) });

const cut = (value: string | undefined, maxLength: number | undefined): string | undefined =>
  value === undefined ? undefined : decodeHeaderValue(maxLength === undefined ? value : value.slice(0, maxLength));

const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
const reason = (value: string | undefined): string | undefined => value && withoutSpaces(value);
const wholeMs = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.floor(value);

type ReadHeader = (info: RequestInfo, name: string) => string | undefined;

/** Pseudo headers too. */
export function requestHeader(info: RequestInfo, name: string): string | undefined {
  switch (name) {
    case ':method':
      return info.method;
    case ':path':
      return info.path;
    case ':authority':
    case 'host':
      return info.authority;
    default:
      return info.requestHeader(name);
  }
}

export function responseHeader(info: RequestInfo, name: string): string | undefined {
  if (name === ':status') return info.responseCode === 0 ? undefined : String(info.responseCode);
  return info.responseHeader(name);
}

const headerName = /^:?[\w!#$%&'*+.^`|~-]*$/;

/** `X?Y:Z`: header X, else header Y, at most Z bytes. */
function header(read: ReadHeader, change: (value: string) => string = (value) => value): Entry {
  return {
    syntax: 'parameter:Z',
    compile: ({ parameter, maxLength }) => {
      const [main = '', alternative = '', ...more] = parameter.toLowerCase().split('?');
      if (more.length > 0) return fail(`More than 1 alternative header specified in token: ${parameter}`);
      if (!headerName.test(main) || !headerName.test(alternative))
        return fail('Invalid header configuration. Format string contains invalid characters.');
      return ok((info) => {
        const value = read(info, main) ?? (alternative === '' ? undefined : read(info, alternative));
        return value === undefined ? undefined : cut(change(value), maxLength);
      });
    },
  };
}

const withoutQuery = (path: string): string => path.split('?', 1)[0] ?? '';
const query = (path: string | undefined): string | undefined => {
  const start = path?.indexOf('?') ?? -1;
  return path === undefined || start === -1 ? undefined : path.slice(start + 1).split('#', 1)[0];
};

const path: Entry = {
  syntax: 'parameter?:Z',
  compile: ({ parameter, maxLength }) => {
    const [form = '', source = ''] = parameter.split(':');
    if (form !== '' && form !== 'WQ' && form !== 'NQ')
      return fail(`Invalid PATH option: '${form}', only 'WQ'/'NQ' are allowed`);
    if (source !== '' && source !== 'ORIG' && source !== 'PATH' && source !== 'ORIG_OR_PATH')
      return fail(`Invalid PATH option: '${source}', only 'ORIG'/'PATH'/'ORIG_OR_PATH' are allowed`);
    return ok((info) => {
      const original = source === 'PATH' ? undefined : info.requestHeader('x-envoy-original-path');
      const value = original ?? (source === 'ORIG' ? undefined : info.path);
      return value === undefined ? undefined : cut(form === 'NQ' ? withoutQuery(value) : value, maxLength);
    });
  },
};

const queryParameter: Entry = {
  syntax: 'parameter:Z',
  compile: ({ parameter, maxLength }) =>
    ok((info) => {
      const found = decodedParameters(info.path ?? '').find(({ name }) => name === parameter);
      return cut(found?.value, maxLength);
    }),
};

const queryParameters: Entry = {
  syntax: 'parameter?:Z',
  compile: ({ parameter, maxLength }) => {
    if (parameter !== '' && parameter !== 'ORIG' && parameter !== 'DECODED')
      return fail(`Invalid QUERY_PARAMS option: '${parameter}', only 'ORIG'/'DECODED' are allowed`);
    return ok((info) => {
      const value = query(info.path);
      return cut(value !== undefined && parameter === 'DECODED' ? percentDecode(value) : value, maxLength);
    });
  },
};

type AddressForm = 'whole' | 'host' | 'port';

function address(read: (info: RequestInfo) => string | undefined, form: AddressForm): Entry {
  const value: Operator = (info) => {
    const found = read(info);
    if (found === undefined || form === 'whole') return found;
    return splitAddress(found)[form];
  };
  return plain(value);
}

/** The three operators of one address. */
function addresses(prefix: string, read: (info: RequestInfo) => string | undefined): Record<string, Entry> {
  return {
    [`${prefix}_ADDRESS`]: address(read, 'whole'),
    [`${prefix}_ADDRESS_WITHOUT_PORT`]: address(read, 'host'),
    [`${prefix}_PORT`]: address(read, 'port'),
  };
}

function time(read: (info: RequestInfo, environment: OperatorEnvironment) => number, local: boolean): Entry {
  return {
    syntax: 'parameter?',
    compile: ({ parameter }, environment) => {
      const error = timeFormatError(parameter);
      if (error) return fail(error);
      const format = compileTimeFormat(parameter, local ? (date) => -date.getTimezoneOffset() : undefined);
      return ok((info) => format(read(info, environment)));
    },
  };
}

/** What would be an invalid host name is shown as such: SNI comes from the client, unchecked. */
function sanitizeHostname(name: string): string {
  return /^[a-z0-9.-]*$/i.test(name) ? name : `invalid:${name.replace(/[^a-z0-9.-]/gi, '_')}`;
}

const requestedServerName: Entry = {
  syntax: 'parameter?',
  compile: ({ parameter }) => {
    const [order = '', source = ''] = parameter.split(':');
    if (!['', 'SNI_ONLY', 'SNI_FIRST', 'HOST_FIRST'].includes(order))
      return fail(
        `Invalid REQUESTED_SERVER_NAME option: '${order}', only 'SNI_ONLY'/'SNI_FIRST'/'HOST_FIRST' are allowed`,
      );
    if (!['', 'ORIG_OR_HOST', 'HOST', 'ORIG'].includes(source))
      return fail(`Invalid REQUESTED_SERVER_NAME option: '${source}', only 'ORIG_OR_HOST'/'HOST'/'ORIG' are allowed`);
    const sni: Operator = ({ requestedServerName: name }) => (name ? sanitizeHostname(name) : undefined);
    const host: Operator = (info) => {
      const original = source === 'HOST' ? undefined : info.requestHeader('x-envoy-original-host');
      return nonEmpty(cut(original ?? (source === 'ORIG' ? undefined : info.authority), undefined));
    };
    if (order === 'SNI_FIRST') return ok((info) => sni(info) ?? host(info));
    if (order === 'HOST_FIRST') return ok((info) => host(info) ?? sni(info));
    return ok(sni);
  },
};

const grpcStatus: Entry = {
  syntax: 'parameter?',
  compile: ({ parameter }) => {
    const format = grpcStatusFormats.find((known) => known === (parameter || 'CAMEL_STRING'));
    return format
      ? ok((info) => formatGrpcStatus(info, format))
      : fail(`GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: ${parameter}`);
  },
};

const responseCodeDetails: Entry = {
  syntax: 'parameter?',
  compile: ({ parameter }) =>
    ok((info) =>
      parameter === 'ALLOW_WHITESPACES'
        ? nonEmpty(info.responseCodeDetails)
        : reason(info.responseCodeDetails) || undefined,
    ),
};

const environmentVariable: Entry = {
  syntax: 'parameter:Z',
  compile: ({ parameter, maxLength }, environment) => {
    const value = environment.variable(parameter)?.slice(0, maxLength);
    return ok(() => value);
  },
};

/** `namespace:key:key`, at most Z bytes of text. */
const dynamicMetadata: Entry = {
  syntax: 'parameter:Z',
  compile: ({ parameter, maxLength }) => {
    const [namespace = '', ...path] = parameter.split(':');
    return ok((info) => {
      const value = metadataAt(info.dynamicMetadata, namespace, path);
      if (value === undefined || value === null) return undefined;
      if (typeof value === 'string') return value.slice(0, maxLength);
      const json = metadataJson(value);
      return { json, text: json.slice(0, maxLength) };
    });
  },
};

const entries: Readonly<Record<string, Entry>> = {
  DYNAMIC_METADATA: dynamicMetadata,
  REQ: header(requestHeader),
  REQUEST_HEADER: header(requestHeader),
  REQ_WITHOUT_QUERY: header(requestHeader, withoutQuery),
  RESP: header(responseHeader),
  RESPONSE_HEADER: header(responseHeader),
  TRAILER: header((info, name) => info.responseTrailer(name)),
  RESPONSE_TRAILER: header((info, name) => info.responseTrailer(name)),
  PATH: path,
  QUERY_PARAM: queryParameter,
  QUERY_PARAMS: queryParameters,
  START_TIME: time((info) => info.startTime, false),
  START_TIME_LOCAL: time((info) => info.startTime, true),
  EMIT_TIME: time((_, environment) => environment.now(), false),
  EMIT_TIME_LOCAL: time((_, environment) => environment.now(), true),
  PROTOCOL: plain((info) => info.protocol),
  RESPONSE_CODE: plain((info) => info.responseCode),
  RESPONSE_CODE_DETAILS: responseCodeDetails,
  CONNECTION_TERMINATION_DETAILS: plain((info) => nonEmpty(info.connectionTerminationDetails)),
  RESPONSE_FLAGS: plain(({ responseFlags }) => sortFlags(responseFlags).join(',') || '-'),
  RESPONSE_FLAGS_LONG: plain(
    ({ responseFlags }) =>
      sortFlags(responseFlags)
        .map((flag) => longFlagNames[flag])
        .join(',') || '-',
  ),
  BYTES_RECEIVED: plain((info) => info.bytesReceived),
  BYTES_SENT: plain((info) => info.bytesSent),
  DURATION: plain((info) => wholeMs(info.durationMs)),
  REQUEST_DURATION: plain((info) => wholeMs(info.requestDurationMs)),
  RESPONSE_DURATION: plain((info) => wholeMs(info.responseDurationMs)),
  RESPONSE_TX_DURATION: plain((info) => wholeMs(info.responseTxDurationMs)),
  UPSTREAM_HOST: address((info) => info.upstreamHost, 'whole'),
  // Endpoints have no names of their own here: the address stands for it, as in Envoy.
  UPSTREAM_HOST_NAME: address((info) => info.upstreamHost, 'whole'),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: address((info) => info.upstreamHost, 'host'),
  UPSTREAM_CLUSTER: plain((info) => nonEmpty(info.upstreamClusterAltStatName) ?? nonEmpty(info.upstreamCluster)),
  UPSTREAM_CLUSTER_RAW: plain((info) => nonEmpty(info.upstreamCluster)),
  ...addresses('UPSTREAM_LOCAL', (info) => info.upstreamLocalAddress),
  ...addresses('UPSTREAM_REMOTE', (info) => info.upstreamHost),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain((info) => nonEmpty(reason(info.upstreamTransportFailureReason))),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain((info) => info.upstreamRequestAttemptCount),
  ...addresses('DOWNSTREAM_LOCAL', (info) => info.downstreamLocalAddress),
  // Without PROXY protocol or original destination the two are one.
  ...addresses('DOWNSTREAM_DIRECT_LOCAL', (info) => info.downstreamLocalAddress),
  ...addresses('DOWNSTREAM_REMOTE', (info) => info.downstreamRemoteAddress),
  ...addresses('DOWNSTREAM_DIRECT_REMOTE', (info) => info.downstreamDirectRemoteAddress),
  REQUESTED_SERVER_NAME: requestedServerName,
  ROUTE_NAME: plain((info) => nonEmpty(info.routeName)),
  VIRTUAL_CLUSTER_NAME: plain((info) => nonEmpty(info.virtualClusterName)),
  FILTER_CHAIN_NAME: plain((info) => nonEmpty(info.filterChainName)),
  DOWNSTREAM_TLS_VERSION: plain((info) => nonEmpty(info.downstreamTlsVersion)),
  DOWNSTREAM_TLS_CIPHER: plain((info) => nonEmpty(info.downstreamTlsCipher)),
  CONNECTION_ID: plain((info) => info.connectionId),
  ACCESS_LOG_TYPE: plain((info) => (info.kind === 'http' ? 'DownstreamEnd' : 'TcpConnectionEnd')),
  GRPC_STATUS: grpcStatus,
  GRPC_STATUS_NUMBER: plain((info) => formatGrpcStatus(info, 'NUMBER')),
  // Filters set these; the engine has none that does.
  CUSTOM_FLAGS: plain(() => ''),
  HOSTNAME: { syntax: 'none', compile: (_, { hostname }) => ok(() => hostname) },
  ENVIRONMENT: environmentVariable,
  UNIQUE_ID: plain(() => randomUUID()),
};

function syntaxError({ name, parameter, maxLength }: Command, syntax: Syntax): string | undefined {
  if (syntax === 'none' && (parameter !== '' || maxLength !== undefined))
    return `${name} does not take any parameters or length`;
  if (syntax.startsWith('parameter') && !syntax.includes('?') && parameter === '') return `${name} requires parameters`;
  if (!syntax.endsWith(':Z') && maxLength !== undefined) return `${name} does not allow length to be specified.`;
  return undefined;
}

export function compileOperator(command: Command, environment: OperatorEnvironment): CompiledOperator {
  const { name } = command;
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  const unsupported = unsupportedOperators.get(name);
  const error = entry
    ? syntaxError(command, entry.syntax)
    : unsupported
      ? (syntaxError(command, unsupported.syntax) ?? unsupported.check?.(command.parameter))
      : `Not supported field in StreamInfo: ${name}`;
  if (error !== undefined) return fail(error);
  return entry ? entry.compile(command, environment) : { kind: 'ok', value: () => undefined, unsupported: true };
}
