// Operators that Envoy has and the engine has no value for: accepted, shown as absent, and named in the configuration's warnings.

interface UnsupportedOperator {
  readonly syntax: 'none' | 'parameter?' | 'parameter' | 'parameter?:Z' | 'parameter:Z';
  /** Envoy's text where it would refuse the parameter. */
  readonly check?: (parameter: string) => string | undefined;
}

function checkFilterState(parameter: string): string | undefined {
  const [key = '', type = '', field = ''] = parameter.split(':');
  if (key === '') return 'Invalid filter state configuration, key cannot be empty.';
  if (!['', 'PLAIN', 'TYPED', 'FIELD'].includes(type))
    return 'Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.';
  if ((type === 'FIELD') !== (field !== ''))
    return 'Invalid filter state serialize type, FIELD should be used with the field name.';
  return undefined;
}

function checkMetadata(parameter: string): string | undefined {
  const type = parameter.split(':', 1)[0] ?? '';
  const known = ['DYNAMIC', 'CLUSTER', 'ROUTE', 'UPSTREAM_HOST', 'LISTENER', 'VIRTUAL_HOST', 'LISTENER_FILTER_CHAIN'];
  return known.includes(type) ? undefined : `${type} is not supported type of metadata`;
}

function checkDuration(parameter: string): string | undefined {
  const parts = parameter.split(':');
  if (parts.length !== 3) return `Invalid common duration configuration: ${parameter}.`;
  const precision = parts[2] ?? '';
  return ['ms', 'us', 'ns'].includes(precision) ? undefined : `Invalid common duration precision: ${precision}.`;
}

const commandOnly = [
  ...['BYTES_RETRANSMITTED', 'DOWNSTREAM_CX_RTT', 'DOWNSTREAM_DETECTED_CLOSE_TYPE', 'DOWNSTREAM_HANDSHAKE_DURATION'],
  ...['DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED', 'DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT'],
  ...['DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID', 'DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID'],
  ...['DOWNSTREAM_HEADER_BYTES_RECEIVED', 'DOWNSTREAM_HEADER_BYTES_SENT', 'DOWNSTREAM_LOCAL_CLOSE_REASON'],
  ...['DOWNSTREAM_LOCAL_DNS_SAN', 'DOWNSTREAM_LOCAL_EMAIL_SAN', 'DOWNSTREAM_LOCAL_IP_SAN'],
  ...['DOWNSTREAM_LOCAL_OTHERNAME_SAN', 'DOWNSTREAM_LOCAL_SUBJECT', 'DOWNSTREAM_LOCAL_URI_SAN', 'DOWNSTREAM_PEER_CERT'],
  ...[
    'DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1',
    'DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256',
    'DOWNSTREAM_PEER_CHAIN_SERIALS',
  ],
  ...['DOWNSTREAM_PEER_DNS_SAN', 'DOWNSTREAM_PEER_EMAIL_SAN', 'DOWNSTREAM_PEER_FINGERPRINT_1'],
  ...['DOWNSTREAM_PEER_FINGERPRINT_256', 'DOWNSTREAM_PEER_IP_SAN', 'DOWNSTREAM_PEER_ISSUER'],
  ...['DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256', 'DOWNSTREAM_PEER_ISSUER_SERIAL', 'DOWNSTREAM_PEER_OTHERNAME_SAN'],
  ...['DOWNSTREAM_PEER_SERIAL', 'DOWNSTREAM_PEER_SUBJECT', 'DOWNSTREAM_PEER_URI_SAN', 'DOWNSTREAM_TLS_GROUP'],
  ...['DOWNSTREAM_TLS_SESSION_ID', 'DOWNSTREAM_TRANSPORT_FAILURE_REASON', 'DOWNSTREAM_WIRE_BYTES_RECEIVED'],
  ...[
    'DOWNSTREAM_WIRE_BYTES_SENT',
    'LISTENER_NAME',
    'LOCAL_REPLY_BODY',
    'REQUEST_HEADERS_BYTES',
    'REQUEST_TX_DURATION',
  ],
  ...['RESPONSE_HEADERS_BYTES', 'RESPONSE_TRAILERS_BYTES', 'ROUNDTRIP_DURATION', 'ROUTE_RESOLUTION_COUNT'],
  ...['ROUTE_RESOLUTION_TIME_US', 'SPAN_ID', 'STREAM_ID', 'TLS_JA3_FINGERPRINT', 'TLS_JA4_FINGERPRINT', 'TRACE_ID'],
  ...['UPSTREAM_CONNECTION_ID', 'UPSTREAM_CONNECTION_IDS_ATTEMPTED', 'UPSTREAM_CONNECTION_POOL_READY_DURATION'],
  ...['UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED', 'UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT'],
  ...['UPSTREAM_DETECTED_CLOSE_TYPE', 'UPSTREAM_HEADER_BYTES_RECEIVED', 'UPSTREAM_HEADER_BYTES_SENT'],
  ...['UPSTREAM_HOSTS_ATTEMPTED', 'UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT', 'UPSTREAM_HOST_NAMES_ATTEMPTED'],
  ...['UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT', 'UPSTREAM_LOCAL_CLOSE_REASON', 'UPSTREAM_LOCAL_DNS_SAN'],
  ...['UPSTREAM_LOCAL_IP_SAN', 'UPSTREAM_LOCAL_URI_SAN', 'UPSTREAM_PEER_CERT', 'UPSTREAM_PEER_DNS_SAN'],
  ...['UPSTREAM_PEER_IP_SAN', 'UPSTREAM_PEER_ISSUER', 'UPSTREAM_PEER_SUBJECT', 'UPSTREAM_PEER_URI_SAN'],
  ...['UPSTREAM_PROTOCOL', 'UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID', 'UPSTREAM_SERVER_NAME', 'UPSTREAM_TLS_CIPHER'],
  ...['UPSTREAM_TLS_GROUP', 'UPSTREAM_TLS_SESSION_ID', 'UPSTREAM_TLS_VERSION', 'UPSTREAM_WIRE_BYTES_RECEIVED'],
  'UPSTREAM_WIRE_BYTES_SENT',
];

/** The start and end of a certificate's validity take a time format. */
const withFormat = [
  ...['DOWNSTREAM_PEER_CERT_V_START', 'DOWNSTREAM_PEER_CERT_V_END'],
  ...['UPSTREAM_PEER_CERT_V_START', 'UPSTREAM_PEER_CERT_V_END'],
];

export const unsupportedOperators: ReadonlyMap<string, UnsupportedOperator> = new Map<string, UnsupportedOperator>([
  ...commandOnly.map((name): [string, UnsupportedOperator] => [name, { syntax: 'none' }]),
  ...withFormat.map((name): [string, UnsupportedOperator] => [name, { syntax: 'parameter?' }]),
  ['CEL', { syntax: 'parameter:Z' }],
  ['COMMON_DURATION', { syntax: 'parameter', check: checkDuration }],
  ['CLUSTER_METADATA', { syntax: 'parameter:Z' }],
  ['UPSTREAM_METADATA', { syntax: 'parameter:Z' }],
  ['METADATA', { syntax: 'parameter?:Z', check: checkMetadata }],
  ['FILTER_STATE', { syntax: 'parameter?:Z', check: checkFilterState }],
  ['UPSTREAM_FILTER_STATE', { syntax: 'parameter?:Z', check: checkFilterState }],
]);
