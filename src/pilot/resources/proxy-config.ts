// Istio's ProxyConfig: read for its mistakes only.

export type ProxyConfigSpec = Readonly<Record<never, never>>;
