// The one list of diagnostic codes. IST codes are Istio's own (istio.io/latest/docs/reference/config/analysis); TG codes are ours.

interface CodeEntry {
  readonly name: string;
  /** One line for the documentation. */
  readonly doc: string;
}

export const diagnosticCodes = {
  IST0101: { name: 'ReferencedResourceNotFound', doc: 'An object names another one that does not exist.' },
  IST0104: { name: 'GatewayPortNotOnWorkload', doc: 'A Gateway port is not offered by any gateway workload.' },
  IST0106: {
    name: 'SchemaValidationError',
    doc: 'A field is missing, has the wrong type or a value that is not allowed.',
  },
  IST0118: { name: 'PortNameIsNotUnderNamingConvention', doc: 'A Service port name does not tell its protocol.' },
  IST0130: {
    name: 'VirtualServiceUnreachableRule',
    doc: 'A rule can never match because an earlier one takes all of its requests.',
  },
  IST0132: {
    name: 'VirtualServiceHostNotFoundInGateway',
    doc: 'A host of a VirtualService is served by none of its Gateways.',
  },
  IST0145: { name: 'ConflictingGateways', doc: 'Two Gateways claim the same port and host.' },
  IST0162: {
    name: 'GatewayPortNotDefinedOnService',
    doc: 'A Gateway port is not a port of the Service in front of the gateway.',
  },
  TG0001: { name: 'FileUnreadable', doc: 'A file cannot be read; its last good content stays in force.' },
  TG0002: {
    name: 'YamlSyntax',
    doc: 'A document is not valid YAML or JSON; the file keeps its last good content in force.',
  },
  TG0003: { name: 'UnknownKind', doc: 'A kind that Tidegate does not read; listed once per kind.' },
  TG0004: { name: 'DuplicateObject', doc: 'The same kind, namespace and name is defined twice; the first one counts.' },
  TG0005: { name: 'LimitExceeded', doc: 'A file, document or expansion is larger than the documented limit.' },
  TG0006: {
    name: 'FieldNotSupported',
    doc: 'A field of the API that Tidegate does not serve yet; the message says what happens instead.',
  },
  TG0007: { name: 'UnknownField', doc: 'A field that the API does not have; it is ignored.' },
  TG0008: { name: 'NoEffectHere', doc: 'A field that has no meaning at an ingress gateway.' },
  TG0009: { name: 'GatewayWithoutServers', doc: 'A Gateway has no usable server.' },
  TG0010: { name: 'GatewaySelectsNoProxy', doc: 'No connected gateway has the labels a Gateway selects.' },
  TG0011: {
    name: 'ServerConflict',
    doc: 'Two servers on one port cannot be served together; the message says which one wins.',
  },
  TG0012: { name: 'CertificateFileUnreadable', doc: 'A certificate or key file is missing or unreadable.' },
  TG0013: {
    name: 'CertificateInvalid',
    doc: 'A certificate or key cannot be parsed, or the key does not fit the certificate.',
  },
  TG0014: { name: 'CertificateExpired', doc: 'A certificate is expired or not yet valid.' },
  TG0015: { name: 'SecretNotUsable', doc: 'A Secret lacks the keys a TLS server needs.' },
  TG0016: { name: 'InvalidRegex', doc: 'A regular expression is not valid RE2, or too large for the data plane.' },
  TG0017: { name: 'RouteNotServed', doc: 'A route cannot be built; requests that match it are answered with 500.' },
  TG0018: { name: 'TcpRouteShadowed', doc: 'Several TCP routes compete for one plaintext port; the first one wins.' },
  TG0019: { name: 'PortInUse', doc: 'Another process already listens on a port the gateway needs.' },
  TG0020: { name: 'PortPrivileged', doc: 'The operating system does not allow this user to bind the port.' },
  TG0021: {
    name: 'RejectedByProxy',
    doc: 'A data plane rejected configuration; the last good one stays in force there.',
  },
  TG0022: { name: 'DataPlaneDown', doc: 'The data plane process stopped; it is restarted with back-off.' },
  TG0023: {
    name: 'DestinationPortUnknown',
    doc: 'A destination names a port its Service does not have, or none where the Service has several.',
  },
  TG0024: { name: 'PortNotBound', doc: 'A Gateway port has no address on this machine.' },
  TG0025: { name: 'ServerWithoutRoute', doc: 'No route leads anywhere from a TCP port; it stays closed.' },
  TG0026: {
    name: 'DelegateNotUsed',
    doc: 'A VirtualService cannot delegate to another one, or a rule of the other one gets no request.',
  },
  TG0027: {
    name: 'DestinationRuleOverridden',
    doc: 'A part of a DestinationRule has no effect, since another one for the same host comes first.',
  },
  TG0028: { name: 'SubsetWithoutEndpoints', doc: 'No ready endpoint of a Service has the labels of a subset.' },
  TG0029: { name: 'ServiceEntryOverridden', doc: 'A host of a ServiceEntry already stands for another object.' },
  TG0030: {
    name: 'AuthorizationProviderNotUsable',
    doc: 'Nobody can be asked about what an AuthorizationPolicy with action CUSTOM is for: its requests are denied.',
  },
  TG0031: {
    name: 'ConnectionsNotAuthorized',
    doc: 'A provider that is asked in HTTP cannot be asked about TCP connections: they are let in.',
  },
  TG0032: {
    name: 'JwtKeysNotUsable',
    doc: 'The keys of an issuer of tokens cannot be fetched or read: those before stay in force, else its tokens are refused.',
  },
  TG0033: {
    name: 'TrafficPolicyOverridden',
    doc: 'A part of a TrafficPolicy has no effect at a port, since another one has said it before.',
  },
  TG0034: {
    name: 'RateLimitWithoutRoutes',
    doc: 'A rate limit of a TrafficPolicy names hosts or routes that its gateways do not serve.',
  },
  TG0035: {
    name: 'EnvoyPatchNotUsable',
    doc: 'A patch of an EnvoyFilter is no configuration of Envoy, or makes one that Envoy would refuse: it is left out, the others count.',
  },
  TG0036: {
    name: 'EnvoyPatchWithoutEffect',
    doc: 'An EnvoyFilter, or a patch of it, is for nothing that the gateways have.',
  },
  TG0037: {
    name: 'LocalityUnknown',
    doc: 'A gateway does not know its region and zone, so settings that go by them have no effect.',
  },
  TG0038: {
    name: 'TunnelEndsEnvoy',
    doc: 'A tunnel by POST over HTTP/1.1, whose proxy can make Envoy crash.',
  },
  TG0039: {
    name: 'DestinationByClient',
    doc: 'A destination whose address clients decide, at a gateway: open to more than was meant, or leading nowhere.',
  },
  TG0040: {
    name: 'MetricsNotServed',
    doc: 'The address that statistics are scraped from cannot be had; it is tried again.',
  },
  TG0041: {
    name: 'NamespaceNotDiscovered',
    doc: 'None of the discoverySelectors of the mesh settings selects a namespace: its objects do not count.',
  },
  TG0042: {
    name: 'ConnectionLimitNotInForce',
    doc: 'The mesh settings limit the connections of a gateway, which was started with another limit.',
  },
} as const satisfies Record<string, CodeEntry>;

export type DiagnosticCode = keyof typeof diagnosticCodes;
