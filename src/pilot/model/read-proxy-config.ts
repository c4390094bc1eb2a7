// defaultConfig of the mesh settings → what a gateway does with connections and headers; mistakes cost their field.
import {
  booleanField,
  durationOrZeroField,
  enumField,
  integerField,
  messageField,
  stringField,
} from '../resources/fields.ts';
import { type FieldTable, type Message, noEffectHere, reportInvalid, served, tableOf } from '../resources/message.ts';
import {
  type ConnectionSettings,
  defaultProxyConfig,
  edgeConnectionSettings,
  escapedSlashesActions,
  forwardClientCertModes,
  headersWithUnderscoresActions,
  type ProxyConfigSettings,
  type ProxyHeaders,
} from './proxy-config.ts';

const atStart = noEffectHere('A gateway is told when it starts: see `tidegate up --help`.');
const ofSidecars = noEffectHere('It is about sidecars.');
const ofIstiosProxy = noEffectHere("It is about Istio's own build of Envoy and its agent.");

export const proxyConfigFields: FieldTable = {
  ...tableOf(['gatewayTopology', 'proxyHeaders', 'connectionSettings'], served),
  ...tableOf(['concurrency', 'drainDuration', 'terminationDrainDuration', 'proxyAdminPort', 'statusPort'], atStart),
  ...tableOf(['interceptionMode', 'holdApplicationUntilProxyStarts', 'controlPlaneAuthPolicy'], ofSidecars),
  ...tableOf(['configPath', 'binaryPath', 'serviceCluster', 'discoveryAddress', 'customConfigFile'], ofIstiosProxy),
  ...tableOf(['proxyBootstrapTemplatePath', 'readinessProbe', 'image', 'proxyMetadata', 'meshId'], ofIstiosProxy),
  ...tableOf(['caCertificatesPem', 'privateKeyProvider', 'runtimeValues', 'statNameLength'], ofIstiosProxy),
  proxyStatsMatcher: noEffectHere('All statistics are kept (docs/statistics.md).'),
  ...tableOf(['extraStatTags', 'statsCompression', 'statsdUdpAddress'], ofIstiosProxy),
  ...tableOf(['envoyAccessLogService', 'envoyMetricsService', 'tracing', 'zipkinAddress'], ofIstiosProxy),
  ...tableOf(['fileFlushInterval', 'fileFlushMinSizeKb', 'tracingServiceName', 'discoveryRefreshDelay'], ofIstiosProxy),
  ...tableOf(['envoyMetricsServiceAddress', 'availabilityZone', 'sds'], ofIstiosProxy),
};
const topologyFields = tableOf(['numTrustedProxies', 'forwardClientCertDetails', 'proxyProtocol'], served);
const headerFields: FieldTable = {
  ...tableOf(['server', 'requestId', 'attemptCount', 'envoyDebugHeaders', 'xForwardedHost', 'xForwardedPort'], served),
  ...tableOf(
    ['forwardedClientCert', 'setCurrentClientCertDetails'],
    noEffectHere('For gateways gatewayTopology.forwardClientCertDetails says it.'),
  ),
  metadataExchangeHeaders: noEffectHere('A gateway here sends no such headers.'),
  preserveHttp1HeaderCase: served,
};
const switchFields = { on: tableOf(['enabled'], served), off: tableOf(['disabled'], served) };
const connectionFields: FieldTable = {
  ...tableOf(
    [
      ...['profile', 'listenerPerConnectionBufferLimitBytes', 'clusterPerConnectionBufferLimitBytes'],
      ...['httpIdleTimeout', 'httpMaxConnectionDuration', 'httpDrainTimeout', 'httpRequestTimeout'],
      ...['httpRequestHeadersTimeout', 'httpStreamIdleTimeout', 'httpMaxStreamDuration', 'httpMaxConcurrentStreams'],
      ...['http2InitialStreamWindowSize', 'http2InitialConnectionWindowSize', 'httpHeadersWithUnderscoresAction'],
      ...['httpMergeSlashes', 'httpPathWithEscapedSlashesAction'],
    ],
    served,
  ),
  listenerConnectionLimit: noEffectHere(
    'Istio does nothing with it either; --max-connections of a gateway limits all.',
  ),
  globalDownstreamConnectionLimit: served,
};

/** `defaultConfig` as it was given. */
export function readProxyConfig(config: Message): ProxyConfigSettings {
  const topology = messageField(config, 'gatewayTopology', topologyFields, (field) => ({
    forwardClientCert: enumField(field, 'forwardClientCertDetails', ['UNDEFINED', ...forwardClientCertModes] as const),
  }));
  const given = topology?.forwardClientCert ?? 'UNDEFINED';
  return {
    forwardClientCertDetails: given === 'UNDEFINED' ? defaultProxyConfig.forwardClientCertDetails : given,
    headers: messageField(config, 'proxyHeaders', headerFields, readHeaders) ?? defaultProxyConfig.headers,
    connection: messageField(config, 'connectionSettings', connectionFields, readConnection) ?? {},
  };
}

function readHeaders(message: Message): ProxyHeaders {
  const isOn = (name: string) =>
    messageField(message, name, switchFields.on, (field) => booleanField(field, 'enabled') ?? false) ?? false;
  const isOff = (name: string) =>
    messageField(message, name, switchFields.off, (field) => booleanField(field, 'disabled') ?? false) ?? false;
  const server = messageField(message, 'server', tableOf(['disabled', 'value'], served), (field) => ({
    isOff: booleanField(field, 'disabled') ?? false,
    name: headerText(field, 'value'),
  }));
  return {
    serverName: server?.isOff ? undefined : server?.name || defaultProxyConfig.headers.serverName,
    requestId: !isOff('requestId'),
    attemptCount: !isOff('attemptCount'),
    envoyDebugHeaders: !isOff('envoyDebugHeaders'),
    xForwardedHost: isOn('xForwardedHost'),
    xForwardedPort: isOn('xForwardedPort'),
    preserveHttp1HeaderCase: booleanField(message, 'preserveHttp1HeaderCase') ?? false,
  };
}

/** What no header may hold would cost every listener. */
function headerText(message: Message, name: string): string | undefined {
  const text = stringField(message, name);
  if (text === undefined || /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) || text === '') return text;
  reportUnusable(message, name);
  return undefined;
}

function reportUnusable(message: Message, name: string): void {
  const remedy = 'Use printable ASCII characters, without spaces at the ends.';
  reportInvalid(message.context, [...message.path, name], 'is no header value', 'The field is ignored.', remedy);
}

const maxInt32 = 2 ** 31 - 1;

function readConnection(message: Message): ConnectionSettings {
  const profile = enumField(message, 'profile', ['SIDECAR', 'EDGE']);
  const bytes = (name: string): number | undefined => integerField(message, name, 0, maxInt32);
  const window = (name: string): number | undefined => integerField(message, name, 65_535, maxInt32);
  const time = (name: string): number | undefined => durationOrZeroField(message, name);
  const underscores = enumField(message, 'httpHeadersWithUnderscoresAction', [
    'HEADERS_WITH_UNDERSCORES_UNSPECIFIED',
    ...headersWithUnderscoresActions,
  ]);
  const slashes = enumField(message, 'httpPathWithEscapedSlashesAction', [
    'PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED',
    ...escapedSlashesActions,
  ]);
  const given: ConnectionSettings = {
    listenerBufferBytes: bytes('listenerPerConnectionBufferLimitBytes'),
    clusterBufferBytes: bytes('clusterPerConnectionBufferLimitBytes'),
    idleTimeoutMs: time('httpIdleTimeout'),
    maxConnectionDurationMs: time('httpMaxConnectionDuration'),
    drainTimeoutMs: time('httpDrainTimeout'),
    requestTimeoutMs: time('httpRequestTimeout'),
    requestHeadersTimeoutMs: time('httpRequestHeadersTimeout'),
    streamIdleTimeoutMs: time('httpStreamIdleTimeout'),
    maxStreamDurationMs: time('httpMaxStreamDuration'),
    maxConcurrentStreams: integerField(message, 'httpMaxConcurrentStreams', 1, maxInt32),
    initialStreamWindowBytes: window('http2InitialStreamWindowSize'),
    initialConnectionWindowBytes: window('http2InitialConnectionWindowSize'),
    headersWithUnderscores: underscores === 'HEADERS_WITH_UNDERSCORES_UNSPECIFIED' ? undefined : underscores,
    mergeSlashes: booleanField(message, 'httpMergeSlashes'),
    maxConnections: integerField(message, 'globalDownstreamConnectionLimit', 1, maxInt32),
    escapedSlashes: slashes === 'PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED' ? undefined : slashes,
  };
  const defaults = profile === 'EDGE' ? edgeConnectionSettings : {};
  return { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}
