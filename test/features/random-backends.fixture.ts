// Random DestinationRules, ServiceEntries and AuthorizationPolicies, and the Services that they are about.
import fc from 'fast-check';
import {
  dictionary,
  duration,
  headerName,
  list,
  nasty,
  path,
  rarely,
  record,
  sparse,
  value,
  word,
} from './random-values.fixture.ts';

const object = (group: string, kind: string, namespace: string, name: string, spec: unknown) => ({
  apiVersion: `${group}.istio.io/v1`,
  kind,
  metadata: { name, namespace },
  spec,
});

const count = rarely(fc.constantFrom(0, 1, 2, 100, 2 ** 31 - 1));
const share = rarely(fc.constantFrom(0, 1, 50, 100));
const labels = dictionary(word, word);
const hash = sparse({
  httpHeaderName: headerName,
  httpCookie: record({
    name: value,
    path,
    ttl: duration,
    attributes: list(record({ name: value, value })),
  }),
  useSourceIp: rarely(fc.boolean()),
  httpQueryParameterName: value,
  ringHash: record({ minimumRingSize: rarely(fc.constantFrom(0, 64, 1024, 8_388_608)) }),
  maglev: record({ tableSize: rarely(fc.constantFrom(0, 2, 11, 1009, 1000, 5_000_011)) }),
});
const locality = rarely(fc.constantFrom('r', 'r/z', 'r/z/s', 'q', 'q/*', '*'), nasty);
const region = rarely(fc.constantFrom('r', 'q', 'p'), nasty);
const failover = list(record({ from: region, to: region }));
const failoverPriority = list(
  rarely(fc.constantFrom('version', 'version=v1', 'topology.istio.io/network', 'topology.kubernetes.io/zone'), nasty),
);
const loadBalancer = sparse({
  simple: rarely(fc.constantFrom('ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST', 'LEAST_CONN', 'PASSTHROUGH', 'UNSPECIFIED')),
  consistentHash: hash,
  warmup: record({ duration, minimumPercent: share, aggression: rarely(fc.constantFrom(1, 1.5, 100)) }),
  warmupDurationSecs: duration,
  localityLbSetting: sparse({
    enabled: rarely(fc.boolean()),
    distribute: list(
      record({
        from: locality,
        to: rarely(fc.constantFrom({ r: 50, q: 50 }, { 'r/*': 99, q: 1 }, { '*': 100 }, { r: 1 }, { r: '50', q: 50 })),
      }),
    ),
    failover,
    failoverPriority,
  }),
  zoneAwareLbSetting: sparse({ enabled: rarely(fc.boolean()), failover, failoverPriority, minClusterSize: count }),
});
const connectionPool = record({
  tcp: sparse({
    maxConnections: count,
    connectTimeout: duration,
    tcpKeepalive: record({ probes: count, time: duration, interval: duration }),
    maxConnectionDuration: duration,
    idleTimeout: duration,
  }),
  http: sparse({
    http1MaxPendingRequests: count,
    http2MaxRequests: count,
    maxRequestsPerConnection: count,
    maxRetries: count,
    idleTimeout: duration,
    h2UpgradePolicy: rarely(fc.constantFrom('DEFAULT', 'UPGRADE', 'DO_NOT_UPGRADE')),
    useClientProtocol: rarely(fc.boolean()),
    maxConcurrentStreams: count,
    http2KeepAlive: record({ interval: duration, timeout: duration }),
  }),
});
const outlierDetection = sparse({
  consecutive5xxErrors: count,
  consecutiveGatewayErrors: count,
  consecutiveLocalOriginFailures: count,
  splitExternalLocalOriginErrors: rarely(fc.boolean()),
  interval: duration,
  baseEjectionTime: duration,
  maxEjectionPercent: share,
  minHealthPercent: share,
  outlierDetectionHttpErrorCodes: list(rarely(fc.constantFrom(429, 500, 599))),
});
const tls = sparse(
  {
    clientCertificate: rarely(fc.constant('/etc/certs/a.crt'), nasty),
    privateKey: rarely(fc.constant('/etc/certs/a.key'), nasty),
    caCertificates: rarely(fc.constant('/etc/certs/ca.crt'), nasty),
    caCrl: rarely(fc.constant('/etc/certs/ca.crl'), nasty),
    credentialName: rarely(fc.constantFrom('cred', 'ns/cred', 'kubernetes://cred'), nasty),
    subjectAltNames: list(value),
    sni: rarely(fc.constantFrom('a.example.com', '10.0.0.1'), nasty),
    insecureSkipVerify: rarely(fc.boolean()),
  },
  { mode: rarely(fc.constantFrom('SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL', 'DISABLE')) },
);
const portPolicy = { loadBalancer, connectionPool, outlierDetection, tls };
const trafficPolicy = sparse({
  ...portPolicy,
  portLevelSettings: list(sparse(portPolicy, { port: record({ number: rarely(fc.constantFrom(80, 81)) }) })),
  tunnel: sparse({
    protocol: rarely(fc.constantFrom('CONNECT', 'POST', 'SOCKS')),
    targetHost: rarely(fc.constantFrom('a.example.org', '10.0.0.1', '::1'), nasty),
    targetPort: rarely(fc.constantFrom(0, 443, 65_536)),
  }),
  proxyProtocol: record({ version: rarely(fc.constantFrom('V1', 'V2')) }),
  retryBudget: record({ percent: share, minRetryConcurrency: count, budgetInterval: duration }),
});

/** Services of their own: of several rules for one host only the first would count. */
const services = 30;

export const destinationRule = fc
  .record({
    trafficPolicy,
    subsets: list(record({ name: rarely(fc.constantFrom('v1', 'v2')), labels, trafficPolicy })),
  })
  .map(
    (spec) => (index: number) =>
      object('networking', 'DestinationRule', 'default', `d${index}`, {
        host: index % 4 === 0 ? externalHost(index % services) : `s${index % services}`,
        ...spec,
      }),
  );

const address = rarely(fc.constantFrom('10.0.0.1', '10.0.0.2', '::1', 'localhost', 'a.example.org'), nasty);
const endpoint = sparse(
  {
    ports: dictionary(word, rarely(fc.constantFrom(80, 8080))),
    labels,
    locality: rarely(fc.constantFrom('r', 'r/z', 'r/z/s'), nasty),
    weight: count,
  },
  { address },
);

/** Of ServiceEntries, some of them with resolution DYNAMIC_DNS. */
const externalHost = (number: number): string => `${number % 3 === 0 ? '*.' : ''}e${number}.example.org`;

/** Its hosts are those of Services that do not exist as such. */
export const serviceEntry = fc
  .record({
    ports: list(
      record({
        number: rarely(fc.constantFrom(80, 81)),
        name: value,
        protocol: rarely(fc.constantFrom('HTTP', 'HTTP2', 'GRPC', 'TCP', 'TLS'), nasty),
        targetPort: rarely(fc.constant(8080)),
      }),
    ),
    resolution: rarely(fc.constantFrom('STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'NONE', 'DYNAMIC_DNS')),
    location: rarely(fc.constantFrom('MESH_INTERNAL', 'MESH_EXTERNAL')),
    endpoints: list(endpoint),
    subjectAltNames: list(value),
    workloadSelector: fc.option(record({ labels }), { nil: undefined }),
    more: rarely(fc.constantFrom('*.example.org', 'A.example.org'), nasty),
  })
  .map(
    ({ more, ...spec }) =>
      (index: number) =>
        object('networking', 'ServiceEntry', 'default', `e${index}`, {
          hosts: [externalHost(index % services), more],
          ...spec,
        }),
  );

const block = rarely(fc.constantFrom('10.0.0.0/8', '10.0.0.1', '::/0', '2001:db8::/32'), nasty);
const hostPattern = rarely(fc.constantFrom('a.example.com', '*.example.com', 'a.*', '*'), nasty);
const operation = sparse({
  hosts: list(hostPattern),
  notHosts: list(hostPattern),
  methods: list(rarely(fc.constantFrom('GET', 'P*', '*'), nasty)),
  notMethods: list(value),
  paths: list(rarely(fc.constantFrom('/a', '/a/*', '*/b', '/{*}/c', '/d/{**}', '*'), nasty)),
  notPaths: list(path),
  ports: list(rarely(fc.constantFrom('80', '8080'), nasty)),
  notPorts: list(rarely(fc.constant('443'), nasty)),
});
const source = sparse({
  principals: list(value),
  notPrincipals: list(rarely(fc.constantFrom('*', '*/sa/x', 'cluster.local/*'), nasty)),
  requestPrincipals: list(value),
  namespaces: list(rarely(fc.constantFrom('x', '*', 'x*'), nasty)),
  serviceAccounts: list(rarely(fc.constantFrom('ns/sa', 'sa'), nasty)),
  ipBlocks: list(block),
  notIpBlocks: list(block),
  remoteIpBlocks: list(block),
});
const condition = record({
  key: rarely(
    fc.constantFrom(
      ...['request.headers[x-a]', 'source.ip', 'remote.ip', 'destination.ip', 'destination.port', 'connection.sni'],
      ...['source.namespace', 'source.principal', 'request.auth.claims[a][b]', 'request.auth.principal'],
    ),
    nasty,
  ),
  values: list(rarely(fc.constantFrom('a', '*', 'a*', '*a', '10.0.0.1', '80'), nasty)),
  notValues: list(value),
});

export const authorizationPolicy = fc
  .record({
    action: rarely(fc.constantFrom('ALLOW', 'DENY', 'AUDIT', 'CUSTOM')),
    rules: list(sparse({ from: list(record({ source })), to: list(record({ operation })), when: list(condition) })),
  })
  .map((spec) => (index: number) => object('security', 'AuthorizationPolicy', 'istio-system', `p${index}`, spec));

const jwks = rarely(
  fc.constantFrom(
    ...['{"keys":[{"kty":"oct","k":"AAAA"}]}', '{"keys":[]}', '{"keys":[5,{"kty":"oct","k":"AAAA"}]}', '{', ''],
    '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}',
  ),
  nasty,
);
const headerNames = rarely(fc.constantFrom('x-a', 'Authorization', 'host', ':path', 'a b'), nasty);
const claimName = rarely(fc.constantFrom('sub', 'a.b', '.', ''), nasty);

export const requestAuthentication = fc
  .record({
    jwtRules: list(
      sparse({
        issuer: rarely(fc.constantFrom('i', 'https://i.example.com', 'i'), nasty),
        audiences: list(value),
        jwks,
        jwksUri: rarely(fc.constantFrom('http://127.0.0.1:1/keys', 'ftp://x'), nasty),
        fromHeaders: list(sparse({ name: headerNames, prefix: rarely(fc.constantFrom('Bearer ', ''), nasty) })),
        fromParams: list(value),
        fromCookies: list(value),
        outputPayloadToHeader: headerNames,
        outputClaimToHeaders: list(sparse({ header: headerNames, claim: claimName })),
        forwardOriginalToken: rarely(fc.boolean(), nasty),
        spaceDelimitedClaims: list(claimName),
        timeout: rarely(fc.constantFrom('1s', '0s', '-1s'), nasty),
      }),
    ),
  })
  .map((spec) => (index: number) => object('security', 'RequestAuthentication', 'istio-system', `r${index}`, spec));

const tokenCount = rarely(fc.constantFrom(1, 2, 4294967295), nasty);
export const gatewayTrafficPolicy = fc
  .record({
    ports: list(rarely(fc.constantFrom(80, 443, 3306), nasty)),
    proxyProtocol: rarely(fc.constantFrom('REQUIRED', 'OPTIONAL', 'OFF'), nasty),
    preserveHeaderCase: rarely(fc.boolean(), nasty),
    compression: sparse({
      algorithms: list(rarely(fc.constantFrom('GZIP', 'BROTLI', 'ZSTD'), nasty)),
      contentTypes: list(rarely(fc.constantFrom('text/html', 'a/b+c'), nasty)),
      minBytes: tokenCount,
    }),
    limits: sparse({
      headersKiB: rarely(fc.constantFrom(1, 8192), nasty),
      headerCount: tokenCount,
      bodyBytes: tokenCount,
    }),
    rateLimits: list(
      sparse({
        hosts: list(hostPattern),
        routes: list(value),
        perClientAddress: rarely(fc.boolean(), nasty),
        requests: tokenCount,
        burst: tokenCount,
        interval: rarely(fc.constantFrom('50ms', '1s', '876000h', '1ms'), nasty),
        headers: rarely(fc.boolean(), nasty),
      }),
    ),
  })
  .map((spec) => (index: number) => ({
    ...object('security', 'TrafficPolicy', 'istio-system', `t${index}`, spec),
    apiVersion: 'gateway.tidegate.dev/v1alpha1',
  }));

const expression = rarely(
  fc.constantFrom(
    ...['response.code >= 400', 'request.headers["a"] == "b"', 'request.path.matches("(")', '1', 'has(request.host)'],
    ...['request.path.exists(x, true)', 'nothing(1)', 'a.b.c[1u] in [b"x", {"y": 1.5}]', 'response.code >', ''],
  ),
  nasty,
);

export const telemetry = fc
  .record({
    accessLogging: list(
      sparse({
        providers: list(record({ name: rarely(fc.constantFrom('envoy', 'nobody'), nasty) })),
        disabled: rarely(fc.boolean()),
        filter: record({ expression }),
      }),
    ),
  })
  .map((spec) => (index: number) => object('telemetry', 'Telemetry', 'istio-system', `t${index}`, spec));

const documents = (objects: readonly object[]): string =>
  objects.map((one) => `---\n${JSON.stringify(one)}\n`).join('');
const numbers = Array.from({ length: services }, (_, i) => i);

/** What the random objects are about, each with a route, so that its cluster is made. */
export const backendServices = documents([
  ...numbers.map((i) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `s${i}`, namespace: 'default' },
    spec: {
      selector: { app: `s${i}` },
      ports: [
        { name: i % 2 === 0 ? 'http' : 'http2', port: 80, targetPort: 8080 },
        { name: 'tcp', port: 81, targetPort: 8081 },
      ],
    },
  })),
  object('networking', 'VirtualService', 'default', 'backends', {
    hosts: ['backends.example.com'],
    gateways: ['istio-system/gw'],
    http: numbers.flatMap((i) =>
      ['', 'v1', 'v2'].flatMap((subset) => [
        {
          match: [{ uri: { prefix: `/s${i}/${subset}` } }],
          route: [{ destination: { host: `s${i}`, port: { number: 80 }, ...(subset === '' ? {} : { subset }) } }],
        },
        {
          match: [{ uri: { prefix: `/e${i}` } }],
          route: [{ destination: { host: externalHost(i), port: { number: 80 } } }],
        },
      ]),
    ),
  }),
]);
