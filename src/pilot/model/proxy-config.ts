// What ProxyConfig (defaultConfig of the mesh settings) says of how a gateway treats connections and headers.

export const forwardClientCertModes = [
  ...(['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'] as const),
];

export interface ProxyHeaders {
  /** What `server` of answers says; undefined: what endpoints say. */
  readonly serverName: string | undefined;
  readonly requestId: boolean;
  readonly attemptCount: boolean;
  /** `x-envoy-` headers that only explain. */
  readonly envoyDebugHeaders: boolean;
  readonly xForwardedHost: boolean;
  readonly xForwardedPort: boolean;
  readonly preserveHttp1HeaderCase: boolean;
}

export const headersWithUnderscoresActions = [
  ...(['HEADERS_WITH_UNDERSCORES_ALLOW', 'HEADERS_WITH_UNDERSCORES_REJECT_REQUEST'] as const),
  'HEADERS_WITH_UNDERSCORES_DROP_HEADER' as const,
];

export const escapedSlashesActions = [
  ...(['KEEP_UNCHANGED', 'REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD'] as const),
];

/** Istio's connectionSettings, its profile's defaults filled in. Undefined: Envoy's own default, or the mesh's. */
export interface ConnectionSettings {
  readonly listenerBufferBytes?: number | undefined;
  readonly clusterBufferBytes?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
  readonly maxConnectionDurationMs?: number | undefined;
  readonly drainTimeoutMs?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  readonly requestHeadersTimeoutMs?: number | undefined;
  readonly streamIdleTimeoutMs?: number | undefined;
  readonly maxStreamDurationMs?: number | undefined;
  /** Of clients at a time, over all listeners. */
  readonly maxConnections?: number | undefined;
  readonly maxConcurrentStreams?: number | undefined;
  readonly initialStreamWindowBytes?: number | undefined;
  readonly initialConnectionWindowBytes?: number | undefined;
  readonly headersWithUnderscores?: (typeof headersWithUnderscoresActions)[number] | undefined;
  readonly mergeSlashes?: boolean | undefined;
  readonly escapedSlashes?: (typeof escapedSlashesActions)[number] | undefined;
}

export interface ProxyConfigSettings {
  readonly forwardClientCertDetails: (typeof forwardClientCertModes)[number];
  readonly headers: ProxyHeaders;
  readonly connection: ConnectionSettings;
}

export const defaultProxyConfig: ProxyConfigSettings = {
  forwardClientCertDetails: 'SANITIZE_SET',
  headers: {
    serverName: 'istio-envoy',
    requestId: true,
    attemptCount: true,
    envoyDebugHeaders: true,
    xForwardedHost: false,
    xForwardedPort: false,
    preserveHttp1HeaderCase: false,
  },
  connection: {},
};

/** Envoy's advice for a gateway at the edge, as Istio's profile EDGE applies it. */
export const edgeConnectionSettings: ConnectionSettings = {
  listenerBufferBytes: 32 * 1024,
  clusterBufferBytes: 32 * 1024,
  idleTimeoutMs: 3_600_000,
  requestTimeoutMs: 300_000,
  requestHeadersTimeoutMs: 60_000,
  streamIdleTimeoutMs: 300_000,
  maxConcurrentStreams: 100,
  initialStreamWindowBytes: 64 * 1024,
  initialConnectionWindowBytes: 1024 * 1024,
  headersWithUnderscores: 'HEADERS_WITH_UNDERSCORES_REJECT_REQUEST',
  mergeSlashes: true,
  escapedSlashes: 'UNESCAPE_AND_REDIRECT',
};
