// Random Gateways, VirtualServices and Ingresses: most of each as users write them, here and there what nobody should.
import fc from 'fast-check';
import {
  authorizationPolicy,
  backendServices,
  destinationRule,
  gatewayTrafficPolicy,
  requestAuthentication,
  serviceEntry,
  telemetry,
} from './random-backends.fixture.ts';
import { envoyFilter } from './random-envoy-filters.fixture.ts';
import {
  dictionary,
  duration,
  filled,
  headerName,
  type Json,
  list,
  nasty,
  path,
  percent,
  port,
  rarely,
  record,
  regex,
  sparse,
  stringMatch,
  value,
  word,
} from './random-values.fixture.ts';

const claim = rarely(
  fc.constantFrom('@request.auth.claims.a.b', '@request.auth.claims[a][b]', '@request.auth.claims'),
  nasty,
);

const operations = record({
  set: dictionary(
    headerName,
    rarely(fc.constantFrom('a', '%REQ(x-a)%', '%DOWNSTREAM_REMOTE_ADDRESS%', '100%%'), nasty),
  ),
  add: dictionary(headerName, value),
  remove: list(headerName),
});
const headers = record({ request: operations, response: operations });
const host = rarely(
  fc.constantFrom('echo', 'echo.default.svc.cluster.local', 'nowhere', 'two', 'ext.example.org'),
  nasty,
);
const destination = rarely(
  fc.record({ host, port: record({ number: port }), subset: rarely(word) }, { requiredKeys: ['host'] }),
);
const route = filled(
  fc.record(
    { destination, weight: rarely(fc.constantFrom(0, 1, 50, 100)), headers: rarely(headers) },
    { requiredKeys: ['destination'] },
  ),
);
const match = sparse({
  name: value,
  uri: stringMatch,
  ignoreUriCase: rarely(fc.boolean()),
  scheme: stringMatch,
  method: stringMatch,
  authority: stringMatch,
  headers: dictionary(fc.oneof({ weight: 9, arbitrary: headerName }, claim), stringMatch),
  withoutHeaders: dictionary(headerName, stringMatch),
  queryParams: dictionary(rarely(word, nasty), stringMatch),
  port,
  gateways: list(fc.constantFrom('istio-system/gw', 'istio-system/other')),
  sourceLabels: dictionary(word, word),
  statPrefix: value,
});
const httpRule = sparse(
  {
    name: value,
    redirect: fc.option(
      record({
        uri: path,
        authority: value,
        port,
        derivePort: rarely(fc.constantFrom('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT')),
        scheme: rarely(fc.constantFrom('http', 'https')),
        redirectCode: rarely(fc.constantFrom(301, 302, 303, 307, 308, 200)),
      }),
      { freq: 8, nil: undefined },
    ),
    directResponse: fc.option(
      record({ status: rarely(fc.constantFrom(200, 204, 404, 503, 599, 600)), body: record({ string: value }) }),
      { freq: 8, nil: undefined },
    ),
    delegate: fc.option(
      record({ name: rarely(fc.constantFrom('delegate-0', 'delegate-1', 'nobody')), namespace: word }),
      {
        freq: 8,
        nil: undefined,
      },
    ),
    rewrite: fc.oneof(
      record({ uri: path, authority: value }),
      fc.record({ uriRegexRewrite: fc.record({ match: regex, rewrite: path }) }) as Json,
    ),
    timeout: duration,
    retries: record({
      attempts: rarely(fc.constantFrom(0, 1, 3)),
      perTryTimeout: duration,
      retryOn: rarely(fc.constantFrom('5xx', '503,reset', 'connect-failure, 404'), nasty),
      retryRemoteLocalities: rarely(fc.boolean()),
      retryIgnorePreviousHosts: rarely(fc.boolean()),
      backoff: duration,
    }),
    fault: record({
      delay: record({ fixedDelay: duration, percentage: percent, percent: rarely(fc.constantFrom(0, 50)) }),
      abort: sparse({
        httpStatus: rarely(fc.constantFrom(200, 418, 599)),
        grpcStatus: rarely(fc.constant('INTERNAL')),
        percentage: percent,
      }),
    }),
    corsPolicy: record({
      allowOrigins: list(stringMatch),
      allowMethods: list(rarely(fc.constantFrom('GET', '*'), nasty)),
      allowHeaders: list(headerName),
      exposeHeaders: list(headerName),
      maxAge: duration,
      allowCredentials: rarely(fc.boolean()),
      unmatchedPreflights: rarely(fc.constantFrom('FORWARD', 'IGNORE')),
    }),
    mirror: destination,
    mirrorPercentage: percent,
    mirrors: list(fc.record({ destination, percentage: percent })),
    headers: rarely(headers),
  },
  { match: list(match), route },
);
const sniHost = rarely(fc.constantFrom('a.pass.example.com', '*.pass.example.com', 'b.example.com', '*'), nasty);
const tlsRule = record({
  match: list(record({ sniHosts: list(sniHost), port, gateways: list(fc.constant('istio-system/gw')) })),
  route,
});
const tcpRule = record({ match: list(record({ port })), route });

const object = (apiVersion: string, kind: string, namespace: string, name: string, spec: unknown) => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec,
});
const istio = 'networking.istio.io/v1';

const virtualService = fc
  .record({
    http: list(httpRule, 4),
    tls: fc.option(list(tlsRule), { freq: 4, nil: undefined }),
    tcp: fc.option(list(tcpRule), { freq: 4, nil: undefined }),
    more: list(rarely(fc.constantFrom('a.example.com', '*.example.com', 'B.example.com', 'short'), nasty), 2),
    delegate: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ more, delegate, ...spec }) => (index: number) => {
    const hosts = [`h${index}.example.com`, ...(Array.isArray(more) ? more : [])];
    return delegate === 0
      ? object(istio, 'VirtualService', 'default', `delegate-${index % 2}`, { http: spec.http })
      : object(istio, 'VirtualService', 'default', `v${index}`, {
          hosts,
          gateways: ['istio-system/gw', 'istio-system/other'],
          ...spec,
        });
  });

const serverTls = record({
  mode: rarely(
    fc.constantFrom('SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL', 'PASSTHROUGH', 'ISTIO_MUTUAL', 'AUTO_PASSTHROUGH'),
  ),
  httpsRedirect: rarely(fc.boolean()),
  credentialName: rarely(fc.constantFrom('cred', 'ns/cred', 'kubernetes://cred'), nasty),
  serverCertificate: rarely(fc.constant('/etc/certs/a.crt'), nasty),
  privateKey: rarely(fc.constant('/etc/certs/a.key'), nasty),
  caCertificates: rarely(fc.constant('/etc/certs/ca.crt'), nasty),
  subjectAltNames: list(value),
  verifyCertificateHash: list(rarely(fc.constant('ab'.repeat(32)), nasty), 1),
  minProtocolVersion: rarely(fc.constantFrom('TLS_AUTO', 'TLSV1_0', 'TLSV1_2', 'TLSV1_3')),
  maxProtocolVersion: rarely(fc.constantFrom('TLSV1_2', 'TLSV1_3')),
  cipherSuites: list(rarely(fc.constantFrom('ECDHE-RSA-AES128-GCM-SHA256', 'AES128-SHA'), nasty)),
  ecdhCurves: list(rarely(fc.constantFrom('P-256', 'X25519', 'X25519MLKEM768'), nasty)),
});
const gateway = fc
  .array(
    record({
      port: record({
        number: rarely(fc.constantFrom(80, 443, 8443, 9000, 3306)),
        name: value,
        protocol: rarely(fc.constantFrom('HTTP', 'HTTPS', 'TLS', 'TCP', 'GRPC', 'HTTP2', 'GRPC-WEB', 'MONGO')),
      }),
      hosts: list(
        rarely(
          fc.constantFrom('*', '*.example.com', 'default/a.example.com', './b.example.com', 'h1.example.com'),
          nasty,
        ),
      ),
      bind: fc.option(rarely(fc.constantFrom('127.0.0.2', '::1'), nasty), { freq: 2, nil: undefined }),
      tls: serverTls,
    }),
    { maxLength: 4 },
  )
  .map((servers) => (index: number) => {
    const name = index % 2 === 0 ? 'other' : `g${index}`;
    return object(istio, 'Gateway', 'istio-system', name, { selector: { istio: 'ingressgateway' }, servers });
  });

const backend = rarely(record({ service: record({ name: host, port: record({ number: port, name: value }) }) }));
const ingress = fc
  .record({
    tls: list(record({ hosts: list(value), secretName: value })),
    rules: list(
      record({
        host: rarely(fc.constantFrom('i.example.com', '*.i.example.com'), nasty),
        http: record({
          paths: list(
            record({ path, pathType: rarely(fc.constantFrom('Exact', 'Prefix', 'ImplementationSpecific')), backend }),
          ),
        }),
      }),
    ),
  })
  .map((spec) => (index: number) => ({
    ...object('networking.k8s.io/v1', 'Ingress', 'default', `i${index}`, spec),
    metadata: { name: `i${index}`, namespace: 'default', annotations: { 'kubernetes.io/ingress.class': 'istio' } },
  }));

/** One object, given its place in the list: names and hosts come of it. */
export const manifest: fc.Arbitrary<(index: number) => object> = fc.oneof(
  { weight: 16, arbitrary: virtualService },
  { weight: 1, arbitrary: gateway },
  { weight: 3, arbitrary: ingress },
  { weight: 8, arbitrary: destinationRule },
  { weight: 2, arbitrary: serviceEntry },
  // One that every proxy has to obey: a few do.
  { weight: 1, arbitrary: authorizationPolicy },
  { weight: 1, arbitrary: telemetry },
  { weight: 1, arbitrary: requestAuthentication },
  { weight: 1, arbitrary: gatewayTrafficPolicy },
  { weight: 2, arbitrary: envoyFilter },
);

const service = (name: string, protocol: string) =>
  `---\n${JSON.stringify({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { ports: [{ name: protocol, port: 80, targetPort: 8080 }] },
  })}\n`;

/** What the random objects refer to. */
export const surroundings = `${service('echo', 'http')}${service('two', 'http2')}${backendServices}---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 80, name: http, protocol: HTTP }
      hosts: ["*"]
    - port: { number: 443, name: pass, protocol: TLS }
      hosts: ["*.pass.example.com"]
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: ["*"]
      tls: { mode: SIMPLE, serverCertificate: /etc/certs/a.crt, privateKey: /etc/certs/a.key }
    - port: { number: 3306, name: tcp, protocol: TCP }
      hosts: ["*"]
`;
