// What the mesh's settings come to after defaults: the part of MeshConfig that an ingress gateway here obeys.

import type { TcpKeepalive } from '../resources/destination-rule.ts';
import type { HttpRetry } from '../resources/virtual-service.ts';

export type JsonFormat =
  | string
  | number
  | boolean
  | null
  | readonly JsonFormat[]
  | { readonly [key: string]: JsonFormat };

export type AccessLogFormat =
  | { readonly kind: 'text'; readonly template: string }
  | { readonly kind: 'json'; readonly template: { readonly [key: string]: JsonFormat } };

export interface AccessLogSettings {
  readonly path: string;
  readonly format: AccessLogFormat;
  /** Fields without a value are left out. */
  readonly omitEmptyValues?: boolean;
}

/** How far a path is put into one form before it is matched and forwarded; DEFAULT is BASE. */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

export interface IngressSettings {
  /** What the annotation kubernetes.io/ingress.class has to say. */
  readonly class: string;
  /** DEFAULT: an Ingress without a class is served too. */
  readonly controllerMode: 'STRICT' | 'DEFAULT' | 'OFF';
  /** Of the gateways that serve Ingresses. */
  readonly selector: Readonly<Record<string, string>>;
}

/** Of connections to endpoints, where no DestinationRule says otherwise; times are milliseconds. */
export interface UpstreamSettings {
  readonly connectTimeoutMs: number;
  readonly tcpKeepalive: TcpKeepalive | undefined;
  /** Ports that say HTTP are spoken to in HTTP/2. */
  readonly upgradesToHttp2: boolean;
  readonly dnsRefreshRateMs: number;
}

export interface MeshSettings {
  readonly upstream: UpstreamSettings;
  readonly ingress: IngressSettings;
  readonly pathNormalization: PathNormalization;
  /** Of rules that say nothing of retries; undefined: Istio's own default. */
  readonly defaultHttpRetryPolicy: HttpRetry | undefined;
  /** Proxies in front of the gateway whose x-forwarded-for is believed. */
  readonly numTrustedProxies: number;
  /** Every connection begins with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** Undefined: no access log, Istio's default. */
  readonly accessLog: AccessLogSettings | undefined;
  /** By name: what Telemetry may refer to. */
  readonly accessLogProviders: ReadonlyMap<string, AccessLogSettings>;
  /** Of Telemetry that names none, and of gateways without any. */
  readonly defaultAccessLogProviders: readonly string[];
}

/** Objects that apply to the whole mesh stand here. */
export const rootNamespace = 'istio-system';

export const defaultMeshSettings: MeshSettings = {
  pathNormalization: 'BASE',
  defaultHttpRetryPolicy: undefined,
  numTrustedProxies: 0,
  proxyProtocol: false,
  upstream: {
    connectTimeoutMs: 10_000,
    tcpKeepalive: undefined,
    upgradesToHttp2: false,
    dnsRefreshRateMs: 60_000,
  },
  ingress: { class: 'istio', controllerMode: 'STRICT', selector: { istio: 'ingressgateway' } },
  accessLog: undefined,
  accessLogProviders: new Map(),
  defaultAccessLogProviders: [],
};

/** Istio's default line. */
export const defaultTextFormat = `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n`;

/** Istio's default fields. */
export const defaultJsonFormat: Readonly<Record<string, string>> = {
  authority: '%REQ(:AUTHORITY)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  duration: '%DURATION%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  request_id: '%REQ(X-REQUEST-ID)%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  start_time: '%START_TIME%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  user_agent: '%REQ(USER-AGENT)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
};

/** Of MeshConfig's defaultConfig (ProxyConfig), of which gatewayTopology is served in part. */
const unservedProxyConfigKeys = [
  ...['configPath', 'binaryPath', 'serviceCluster', 'drainDuration', 'discoveryAddress', 'statsdUdpAddress'],
  ...['proxyAdminPort', 'controlPlaneAuthPolicy', 'customConfigFile', 'statNameLength', 'concurrency'],
  ...['proxyBootstrapTemplatePath', 'interceptionMode', 'tracing', 'envoyAccessLogService', 'envoyMetricsService'],
  ...['proxyMetadata', 'runtimeValues', 'statusPort', 'extraStatTags', 'terminationDrainDuration', 'meshId'],
  ...['readinessProbe', 'proxyStatsMatcher', 'holdApplicationUntilProxyStarts', 'caCertificatesPem', 'image'],
  ...['privateKeyProvider', 'proxyHeaders', 'fileFlushInterval', 'fileFlushMinSizeKb', 'statsCompression'],
  ...['connectionSettings', 'gatewayTopology.forwardClientCertDetails'],
];

/** Keys of MeshConfig that Istio has and Tidegate does not obey yet; a dot leads into a mapping. */
export const unservedMeshKeys: ReadonlySet<string> = new Set([
  'proxyListenPort',
  'proxyInboundListenPort',
  'proxyHttpPort',
  'enableTracing',
  'enableEnvoyAccessLogService',
  'disableEnvoyListenerLog',
  'outboundTrafficPolicy',
  'inboundTrafficPolicy',
  'configSources',
  'enableAutoMtls',
  'trustDomain',
  'trustDomainAliases',
  'caCertificates',
  'defaultServiceExportTo',
  'defaultVirtualServiceExportTo',
  'defaultDestinationRuleExportTo',
  'rootNamespace',
  'localityLbSetting',
  'zoneAwareLbSetting',
  'inboundClusterStatName',
  'outboundClusterStatName',
  'certificates',
  'thriftConfig',
  'serviceSettings',
  'enablePrometheusMerge',
  'verifyCertificateAtClient',
  'ca',
  'discoverySelectors',
  'defaultTrafficPolicy',
  'meshMTLS',
  'tlsDefaults',
  'hboneIdleTimeout',
  ...unservedProxyConfigKeys.map((key) => `defaultConfig.${key}`),
]);
