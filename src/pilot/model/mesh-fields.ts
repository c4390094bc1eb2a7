// Every field of Istio's MeshConfig, and what it means to a gateway.
import { type FieldTable, noEffectHere, served, tableOf, unsupported } from '../resources/message.ts';

const ofSidecars = noEffectHere('It is about sidecars, of which there are none.');
const ofIstiod = noEffectHere("It is about Istio's own control plane and its certificates.");
const notTraced = noEffectHere('There is no tracer here.');

export const meshFields: FieldTable = {
  ...tableOf(['accessLogFile', 'accessLogEncoding', 'accessLogFormat', 'disableEnvoyListenerLog'], served),
  ...tableOf(['extensionProviders', 'defaultProviders'], served),
  ...tableOf(['ingressClass', 'ingressControllerMode', 'ingressService', 'ingressSelector'], served),
  ...tableOf(['connectTimeout', 'tcpKeepalive', 'h2UpgradePolicy', 'dnsRefreshRate', 'tlsDefaults'], served),
  ...tableOf(['defaultTrafficPolicy', 'outboundClusterStatName', 'defaultHttpRetryPolicy'], served),
  ...tableOf(['defaultServiceExportTo', 'defaultVirtualServiceExportTo', 'defaultDestinationRuleExportTo'], served),
  ...tableOf(['pathNormalization', 'defaultConfig'], served),
  ...tableOf(['proxyListenPort', 'proxyInboundListenPort', 'proxyHttpPort', 'inboundTrafficPolicy'], ofSidecars),
  protocolDetectionTimeout: ofSidecars,
  ...tableOf(['outboundTrafficPolicy', 'inboundClusterStatName', 'hboneIdleTimeout', 'meshMTLS'], ofSidecars),
  enableTracing: notTraced,
  ...tableOf(['enablePrometheusMerge', 'thriftConfig', 'certificates', 'ca', 'caCertificates'], ofIstiod),
  ...tableOf(['configSources', 'verifyCertificateAtClient', 'serviceScopeConfigs', 'serviceEntryVisibility'], ofIstiod),
  enableAutoMtls: noEffectHere(
    'Endpoints have no sidecars here that would take mutual TLS; a DestinationRule asks for it.',
  ),
  enableEnvoyAccessLogService: unsupported('Logs go to files only.'),
  ...tableOf(['trustDomain', 'trustDomainAliases', 'rootNamespace', 'discoverySelectors'], served),
  ...tableOf(['localityLbSetting', 'zoneAwareLbSetting'], served),
  serviceSettings: noEffectHere('It is about meshes of several clusters.'),
};

const otherProviders = noEffectHere('Telemetry can only name providers that write access logs to files.');

export const extensionProviderFields: FieldTable = {
  ...tableOf(['name', 'envoyFileAccessLog', 'envoyExtAuthzHttp', 'envoyExtAuthzGrpc'], served),
  ...tableOf(['zipkin', 'lightstep', 'datadog', 'stackdriver', 'opencensus', 'skywalking', 'opentelemetry'], notTraced),
  ...tableOf(['prometheus', 'envoyHttpAls', 'envoyTcpAls', 'envoyOtelAls', 'sds'], otherProviders),
};
export const defaultProvidersFields: FieldTable = {
  accessLogging: served,
  tracing: notTraced,
  metrics: noEffectHere("Statistics are Envoy's own; Istio's metrics need its own proxy."),
};
export const tlsDefaultsFields: FieldTable = tableOf(['minProtocolVersion', 'cipherSuites', 'ecdhCurves'], served);
export const defaultTrafficPolicyFields: FieldTable = tableOf(['connectionPool', 'outlierDetection'], served);
export const discoverySelectorFields: FieldTable = tableOf(['matchLabels', 'matchExpressions'], served);
export const labelExpressionFields: FieldTable = tableOf(['key', 'operator', 'values'], served);
