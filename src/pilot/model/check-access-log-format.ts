// Tells before Envoy does whether it takes an access log format: one unknown operator would cost the whole listener.
import type { JsonFormat } from './mesh-settings.ts';

/** Envoy 1.40's operators that take neither parameters nor a length (found by asking Envoy itself). */
const plain: ReadonlySet<string> = new Set(
  `
  REQUEST_HEADERS_BYTES BYTES_RECEIVED BYTES_RETRANSMITTED PACKETS_RETRANSMITTED PROTOCOL UPSTREAM_PROTOCOL
  RESPONSE_CODE CONNECTION_TERMINATION_DETAILS RESPONSE_HEADERS_BYTES RESPONSE_TRAILERS_BYTES BYTES_SENT
  UPSTREAM_REQUEST_ATTEMPT_COUNT UPSTREAM_WIRE_BYTES_SENT UPSTREAM_WIRE_BYTES_RECEIVED
  UPSTREAM_HEADER_BYTES_SENT UPSTREAM_HEADER_BYTES_RECEIVED UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT
  UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED DOWNSTREAM_WIRE_BYTES_SENT DOWNSTREAM_WIRE_BYTES_RECEIVED
  DOWNSTREAM_HEADER_BYTES_SENT DOWNSTREAM_HEADER_BYTES_RECEIVED DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT
  DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED DURATION REQUEST_DURATION REQUEST_TX_DURATION RESPONSE_DURATION
  RESPONSE_TX_DURATION DOWNSTREAM_HANDSHAKE_DURATION ROUNDTRIP_DURATION RESPONSE_FLAGS RESPONSE_FLAGS_LONG
  UPSTREAM_HOST UPSTREAM_HOST_NAME UPSTREAM_HOST_NAME_WITHOUT_PORT UPSTREAM_HOSTS_ATTEMPTED
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT UPSTREAM_HOST_NAMES_ATTEMPTED UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT
  UPSTREAM_CLUSTER UPSTREAM_CLUSTER_RAW UPSTREAM_LOCAL_ADDRESS UPSTREAM_LOCAL_PORT UPSTREAM_REMOTE_ADDRESS
  UPSTREAM_REMOTE_PORT UPSTREAM_CONNECTION_ID UPSTREAM_CONNECTION_IDS_ATTEMPTED
  UPSTREAM_CONNECTION_POOL_READY_DURATION UPSTREAM_TRANSPORT_FAILURE_REASON UPSTREAM_DETECTED_CLOSE_TYPE
  UPSTREAM_LOCAL_CLOSE_REASON DOWNSTREAM_REMOTE_ADDRESS DOWNSTREAM_REMOTE_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS
  DOWNSTREAM_DIRECT_REMOTE_PORT DOWNSTREAM_LOCAL_ADDRESS DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID
  DOWNSTREAM_LOCAL_PORT DOWNSTREAM_DIRECT_LOCAL_ADDRESS DOWNSTREAM_DIRECT_LOCAL_PORT
  DOWNSTREAM_DETECTED_CLOSE_TYPE DOWNSTREAM_LOCAL_CLOSE_REASON DOWNSTREAM_TRANSPORT_FAILURE_REASON CONNECTION_ID
  REQUESTED_SERVER_NAME ROUTE_NAME VIRTUAL_CLUSTER_NAME HOSTNAME FILTER_CHAIN_NAME GRPC_STATUS_NUMBER
  TLS_JA3_FINGERPRINT TLS_JA4_FINGERPRINT UNIQUE_ID TRACE_ID SPAN_ID STREAM_ID CUSTOM_FLAGS ACCESS_LOG_TYPE
  LOCAL_REPLY_BODY DOWNSTREAM_LOCAL_URI_SAN DOWNSTREAM_PEER_URI_SAN DOWNSTREAM_LOCAL_DNS_SAN
  DOWNSTREAM_PEER_DNS_SAN DOWNSTREAM_LOCAL_IP_SAN DOWNSTREAM_PEER_IP_SAN DOWNSTREAM_LOCAL_EMAIL_SAN
  DOWNSTREAM_PEER_EMAIL_SAN DOWNSTREAM_LOCAL_OTHERNAME_SAN DOWNSTREAM_PEER_OTHERNAME_SAN
  DOWNSTREAM_LOCAL_SUBJECT DOWNSTREAM_PEER_SUBJECT DOWNSTREAM_TLS_SESSION_ID DOWNSTREAM_TLS_CIPHER
  DOWNSTREAM_TLS_VERSION DOWNSTREAM_PEER_FINGERPRINT_256 DOWNSTREAM_PEER_FINGERPRINT_1 DOWNSTREAM_PEER_SERIAL
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256 DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1 DOWNSTREAM_PEER_CHAIN_SERIALS
  DOWNSTREAM_PEER_ISSUER DOWNSTREAM_PEER_CERT UPSTREAM_LOCAL_URI_SAN UPSTREAM_PEER_URI_SAN
  UPSTREAM_LOCAL_DNS_SAN UPSTREAM_PEER_DNS_SAN UPSTREAM_LOCAL_IP_SAN UPSTREAM_PEER_IP_SAN UPSTREAM_PEER_SUBJECT
  UPSTREAM_TLS_SESSION_ID UPSTREAM_TLS_CIPHER UPSTREAM_TLS_VERSION UPSTREAM_PEER_CERT UPSTREAM_PEER_ISSUER
  UPSTREAM_SERVER_NAME
`
    .trim()
    .split(/\s+/),
);

/** `%n` is a line break to Envoy, which it refuses. */
const date = /^(?!.*%n)[^\n]*$/;
const headers = /^:?[-!#$%&'*+.^_`|~0-9A-Za-z]+(?:\?:?[-!#$%&'*+.^_`|~0-9A-Za-z]+)?$/;

interface Operator {
  readonly parameters: RegExp;
  readonly required: boolean;
  readonly length: boolean;
}

const optional = (parameters: RegExp): Operator => ({ parameters, required: false, length: false });
const required = (parameters: RegExp): Operator => ({ parameters, required: true, length: true });

const withParameters: Readonly<Record<string, Operator>> = {
  START_TIME: optional(date),
  START_TIME_LOCAL: optional(date),
  EMIT_TIME: optional(date),
  EMIT_TIME_LOCAL: optional(date),
  DOWNSTREAM_PEER_CERT_V_START: optional(date),
  DOWNSTREAM_PEER_CERT_V_END: optional(date),
  UPSTREAM_PEER_CERT_V_START: optional(date),
  UPSTREAM_PEER_CERT_V_END: optional(date),
  RESPONSE_CODE_DETAILS: optional(/^ALLOW_WHITESPACES$/),
  GRPC_STATUS: optional(/^(?:CAMEL_STRING|SNAKE_STRING|NUMBER)$/),
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: optional(/^\d{1,3}$/),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: optional(/^\d{1,3}$/),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: optional(/^\d{1,3}$/),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: optional(/^\d{1,3}$/),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: optional(/^\d{1,3}$/),
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT: optional(/^\d{1,3}$/),
  QUERY_PARAMS: { parameters: /^ORIG$/, required: false, length: true },
  PATH: { parameters: /^(?:WQ|NQ)(?::PATH)?$/, required: false, length: true },
  COMMON_DURATION: { parameters: /^[A-Z_]+:[A-Z_]+(?::(?:ms|us|ns))?$/, required: true, length: false },
  REQ: required(headers),
  RESP: required(headers),
  TRAILER: required(headers),
  REQUEST_HEADER: required(headers),
  RESPONSE_HEADER: required(headers),
  RESPONSE_TRAILER: required(headers),
  QUERY_PARAM: required(/^[^\n]+$/),
  ENVIRONMENT: required(/^[^\n]+$/),
  DYNAMIC_METADATA: required(/^[^\n]+$/),
  UPSTREAM_METADATA: required(/^[^\n]+$/),
  CLUSTER_METADATA: required(/^[^\n]+$/),
  METADATA: required(/^(?:DYNAMIC|ROUTE|CLUSTER|UPSTREAM_HOST|LISTENER|VIRTUAL_HOST):[^\n]+$/),
  FILTER_STATE: required(/^[^:\n]+(?::(?:PLAIN|TYPED))?$/),
  UPSTREAM_FILTER_STATE: required(/^[^:\n]+(?::(?:PLAIN|TYPED))?$/),
};

const operatorSyntax = /%%|%([A-Z0-9_]+)(?:\(([^)\n]*)\))?(?::(\d{1,9}))?%/y;

function checkOperator(name: string, parameters: string, length: string | undefined): string | undefined {
  if (plain.has(name))
    return parameters === '' && length === undefined ? undefined : `%${name}% takes no parameters and no length`;
  const operator = Object.hasOwn(withParameters, name) ? withParameters[name] : undefined;
  if (operator === undefined) return `there is no operator %${name}%`;
  if (length !== undefined && !operator.length) return `%${name}% takes no length`;
  if (parameters === '') return operator.required ? `%${name}% needs a parameter` : undefined;
  return operator.parameters.test(parameters)
    ? undefined
    : `%${name}% does not take the parameter ${JSON.stringify(parameters)}`;
}

/** Undefined if the data planes take the text with its operators, else what is wrong. Headers are written in it too. */
export function checkCommandFormat(template: string): string | undefined {
  let position = template.indexOf('%');
  while (position >= 0) {
    operatorSyntax.lastIndex = position;
    const found = operatorSyntax.exec(template);
    if (found === null) return `the % at character ${position + 1} begins no operator (write %% for a percent sign)`;
    const [whole, name, parameters, length] = found;
    const wrong = name === undefined ? undefined : checkOperator(name, parameters ?? '', length);
    if (wrong !== undefined) return wrong;
    position = template.indexOf('%', position + whole.length);
  }
  return undefined;
}

/** Undefined if the data planes take it, else what is wrong. Every string inside a JSON format is a template. */
export function checkAccessLogFormat(format: JsonFormat): string | undefined {
  if (typeof format === 'string') return checkCommandFormat(format);
  if (typeof format !== 'object' || format === null) return undefined;
  const values: readonly JsonFormat[] = Object.values(format);
  for (const value of values) {
    const wrong = checkAccessLogFormat(value);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
