// What the mesh's settings come to after defaults: the part of MeshConfig that an ingress gateway here obeys.
import type {
  ConnectionPool,
  LocalityLbSetting,
  OutlierDetection,
  TcpKeepalive,
  ZoneAwareLbSetting,
} from '../resources/destination-rule.ts';
import type { TlsVersion } from '../resources/gateway.ts';
import type { HttpRetry } from '../resources/virtual-service.ts';
import { defaultProxyConfig, type ProxyConfigSettings } from './proxy-config.ts';

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

/** For TLS of gateways that do not say otherwise, and to endpoints; empty and undefined: the data plane's defaults. */
export interface TlsDefaults {
  readonly minProtocolVersion: TlsVersion | undefined;
  readonly cipherSuites: readonly string[];
  readonly ecdhCurves: readonly string[];
}

/** Of objects that do not say it themselves, in the form of their exportTo; empty is everybody. */
export interface DefaultExportTo {
  readonly services: readonly string[];
  readonly virtualServices: readonly string[];
  readonly destinationRules: readonly string[];
}

/** What a label of a namespace has to be, as Kubernetes selects by labels. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** All of them; empty selects everything. */
export type NamespaceSelector = readonly LabelRequirement[];

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
  /** Envoy's own default where undefined. */
  readonly bufferBytes: number | undefined;
  readonly tlsDefaults: Pick<TlsDefaults, 'cipherSuites' | 'ecdhCurves'>;
  /** Pattern of the names that statistics of clusters have; empty: the cluster's own. */
  readonly clusterStatName: string;
  /** Where a DestinationRule has none. */
  readonly connectionPool: ConnectionPool | undefined;
  readonly outlierDetection: OutlierDetection | undefined;
  readonly localityLb: LocalityLbSetting;
  readonly zoneAwareLb: ZoneAwareLbSetting | undefined;
  readonly connectTimeoutMs: number;
  readonly tcpKeepalive: TcpKeepalive | undefined;
  /** Ports that say HTTP are spoken to in HTTP/2. */
  readonly upgradesToHttp2: boolean;
  readonly dnsRefreshRateMs: number;
}

/** Who is asked about requests, by AuthorizationPolicies that name it. */
export interface ExtAuthzProvider {
  readonly name: string;
  /** `host` or `namespace/host`. */
  readonly service: string;
  readonly port: number;
  /** 0 for no limit. */
  readonly timeoutMs: number;
  /** Who cannot be asked about is let in. */
  readonly failOpen: boolean;
  /** The route is looked for anew once the request's headers are changed. */
  readonly clearRouteCache: boolean;
  /** Of the answer where nobody can be asked; undefined: 403. */
  readonly statusOnError: number | undefined;
  /** What of the body is sent along; undefined: nothing. */
  readonly body:
    | { readonly maxBytes: number; readonly allowPartial: boolean; readonly packAsBytes: boolean }
    | undefined;
  /** Undefined: it is asked in gRPC. */
  readonly http: ExtAuthzHttp | undefined;
  /** Why it cannot be asked, as it completes "cannot be asked: …": then what it would decide about is denied. */
  readonly problem: string | undefined;
}

/** Headers are names, `prefix*` or `*suffix`. */
export interface ExtAuthzHttp {
  readonly pathPrefix: string;
  readonly includedHeaders: readonly string[];
  readonly additionalHeaders: readonly (readonly [name: string, value: string])[];
  readonly toUpstreamOnAllow: readonly string[];
  readonly toDownstreamOnDeny: readonly string[];
  readonly toDownstreamOnAllow: readonly string[];
}

export interface MeshSettings {
  /** Objects that apply to the whole mesh stand here; '' is nowhere. */
  readonly rootNamespace: string;
  /** Only objects of namespaces that one of them selects are seen; none selects all. */
  readonly discoverySelectors: readonly NamespaceSelector[];
  /** Of this mesh: the trust domain, then its aliases. */
  readonly trustDomains: readonly string[];
  readonly extAuthzProviders: readonly ExtAuthzProvider[];
  readonly upstream: UpstreamSettings;
  readonly ingress: IngressSettings;
  readonly pathNormalization: PathNormalization;
  /** Of rules that say nothing of retries; undefined: Istio's own default. */
  readonly defaultHttpRetryPolicy: HttpRetry | undefined;
  /** Proxies in front of the gateway whose x-forwarded-for is believed. */
  readonly numTrustedProxies: number;
  /** Every connection begins with a PROXY header. */
  readonly proxyProtocol: boolean;
  readonly proxy: ProxyConfigSettings;
  /** Connections that no filter chain takes are not logged. */
  readonly disableListenerLog: boolean;
  readonly tlsDefaults: TlsDefaults;
  readonly defaultExportTo: DefaultExportTo;
  /** Undefined: no access log, Istio's default. */
  readonly accessLog: AccessLogSettings | undefined;
  /** By name: what Telemetry may refer to. */
  readonly accessLogProviders: ReadonlyMap<string, AccessLogSettings>;
  /** Of Telemetry that names none, and of gateways without any. */
  readonly defaultAccessLogProviders: readonly string[];
}

/** Where Istio itself is installed: its mesh settings, and the Gateways that Ingresses become. */
export const systemNamespace = 'istio-system';

/** The trust domain that every name of it stands for. */
export const defaultTrustDomain = 'cluster.local';

export const defaultMeshSettings: MeshSettings = {
  rootNamespace: systemNamespace,
  trustDomains: [defaultTrustDomain],
  discoverySelectors: [],
  pathNormalization: 'BASE',
  defaultHttpRetryPolicy: undefined,
  numTrustedProxies: 0,
  proxyProtocol: false,
  upstream: {
    // On: a DestinationRule with outlierDetection orders localities without asking for it.
    localityLb: { enabled: true, distribute: [], failover: [], failoverPriority: [] },
    zoneAwareLb: undefined,
    connectTimeoutMs: 10_000,
    tcpKeepalive: undefined,
    upgradesToHttp2: false,
    dnsRefreshRateMs: 60_000,
    bufferBytes: undefined,
    tlsDefaults: { cipherSuites: [], ecdhCurves: [] },
    clusterStatName: '',
    connectionPool: undefined,
    outlierDetection: undefined,
  },
  ingress: { class: 'istio', controllerMode: 'STRICT', selector: { istio: 'ingressgateway' } },
  proxy: defaultProxyConfig,
  disableListenerLog: false,
  tlsDefaults: { minProtocolVersion: undefined, cipherSuites: [], ecdhCurves: [] },
  defaultExportTo: { services: [], virtualServices: [], destinationRules: [] },
  accessLog: undefined,
  accessLogProviders: new Map(),
  defaultAccessLogProviders: [],
  extAuthzProviders: [],
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
