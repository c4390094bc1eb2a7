// What the tests of statistics send through a gateway: one of everything that is counted, always in the same order.
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import type { DataPlaneName } from './harness/data-planes.ts';
import { freePort, portMapFor } from './harness/free-ports.ts';
import { startHttp2Server } from './harness/http2-server.ts';
import {
  type Address,
  createManifestFolder,
  gateway,
  httpServer,
  httpsServer,
  type Manifest,
  service,
  tcpServer,
  virtualService,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { repositoryRoot, startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';

const certificates = `${repositoryRoot}test/corpus/certs`;

interface Listening extends Address {
  stop(): void;
}

async function listening(server: net.Server): Promise<Listening> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** `/status/NNN` answers so, `/flaky/KEY` 503 the first time, `/slow/MS` after a while, `/reset` not at all. */
function startApplication(): Promise<Listening> {
  const seen = new Set<string>();
  return listening(
    http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
      request.resume();
      const [, kind, value = ''] = (request.url ?? '').split('/');
      const answer = (status: number): void => {
        response.writeHead(status, { 'content-type': 'text/plain' });
        response.end('body');
      };
      if (kind === 'status') answer(Number(value));
      else if (kind === 'reset') request.socket.destroy();
      else if (kind === 'slow') setTimeout(answer, Number(value), 200);
      else if (kind === 'flaky' && !seen.has(value)) {
        seen.add(value);
        answer(503);
      } else answer(200);
    }),
  );
}

/** `/reset` is reset with an error, anything else answered. */
const startHttp2Application = () =>
  startHttp2Server((stream, headers) => {
    if (headers[':path'] === '/reset') stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    else if (headers[':path'] !== '/slow') {
      stream.respond({ ':status': 200 });
      stream.end('body');
    }
  });

const startSecureApplication = (): Promise<Listening> =>
  listening(
    https.createServer(
      { cert: readFileSync(`${certificates}/backend.crt`), key: readFileSync(`${certificates}/backend.key`) },
      (_request, response) => response.end('body'),
    ),
  );

const startEcho = (): Promise<Listening> => listening(net.createServer((socket) => socket.pipe(socket)));

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }] };

function token(issuer: string): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ alg: 'ES256', kid: 'k' })}.${encode({ iss: issuer, exp: 4_102_444_800 })}`;
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

const to = (host: string): Manifest => ({ route: [{ destination: { host } }] });
const at = (prefix: string): Manifest => ({ match: [{ uri: { prefix } }] });

function destinationRule(host: string, trafficPolicy: Manifest): Manifest {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: host, namespace: 'default' },
    spec: { host: `${host}.default.svc.cluster.local`, trafficPolicy },
  };
}

function security(kind: string, spec: Manifest): Manifest {
  return {
    apiVersion: 'security.istio.io/v1',
    kind,
    metadata: { name: kind.toLowerCase(), namespace: 'istio-system' },
    spec: { selector: { matchLabels: { istio: 'ingressgateway' } }, ...spec },
  };
}

function dryRun(spec: Manifest): Manifest {
  const metadata = { name: 'tried', namespace: 'istio-system', annotations: { 'istio.io/dry-run': 'true' } };
  return { ...security('AuthorizationPolicy', spec), metadata };
}

interface Backends {
  readonly application: Address;
  readonly secure: Address;
  readonly http2: Address;
  readonly echo: Address;
  /** Nobody listens there. */
  readonly closedPort: number;
}

function manifests({ application, secure, http2, echo, closedPort }: Backends): Manifest[] {
  const files = { serverCertificate: '/etc/certs/a.crt', privateKey: '/etc/certs/a.key' };
  const names = ['web', 'narrow', 'few', 'bad'];
  return [
    gateway([httpServer(), httpsServer(['a.example.com'], files), tcpServer(9000)]),
    ...names.flatMap((name) => service(name, [application])),
    ...service('down', [{ address: '127.0.0.1', port: closedPort }]),
    ...service('nobody', []),
    ...['trusted', 'misnamed', 'untrusted'].flatMap((name) => service(name, [secure])),
    ...service('plain', [application]),
    ...service('second', [http2], 'http2'),
    ...service('echo', [echo], 'tcp', 9000),
    virtualService('all', ['app.example.com', 'a.example.com', 'limited.example.com'], {
      http: [
        { ...at('/redirect'), redirect: { uri: '/elsewhere' } },
        { ...at('/direct'), directResponse: { status: 418, body: { string: 'teapot' } } },
        { ...at('/abort'), fault: { abort: { httpStatus: 555, percentage: { value: 100 } } }, ...to('web') },
        {
          match: [{ uri: { prefix: '/flaky' }, statPrefix: 'unsteady' }],
          retries: { attempts: 2, retryOn: '5xx' },
          ...to('web'),
        },
        { ...at('/status/500'), retries: { attempts: 1, retryOn: '5xx' }, ...to('web') },
        { ...at('/slow/900'), timeout: '0.2s', retries: { attempts: 0 }, ...to('web') },
        { ...at('/slow/901'), retries: { attempts: 1, perTryTimeout: '0.1s', retryOn: '5xx' }, ...to('web') },
        { ...at('/narrow'), rewrite: { uri: '/slow/400' }, retries: { attempts: 0 }, ...to('narrow') },
        { ...at('/few'), rewrite: { uri: '/slow/400' }, retries: { attempts: 0 }, ...to('few') },
        { ...at('/bad'), rewrite: { uri: '/status/503' }, retries: { attempts: 0 }, ...to('bad') },
        { ...at('/down'), retries: { attempts: 1, retryOn: 'connect-failure' }, ...to('down') },
        { ...at('/nobody'), retries: { attempts: 0 }, ...to('nobody') },
        { ...at('/h2/'), rewrite: { uri: '/' }, retries: { attempts: 0 }, timeout: '0.3s', ...to('second') },
        ...['trusted', 'misnamed', 'untrusted', 'plain'].map((name) => ({
          ...at(`/${name}`),
          retries: { attempts: 0 },
          ...to(name),
        })),
        { ...at('/gone'), retries: { attempts: 0 }, ...to('gone') },
        {
          ...at('/cors'),
          corsPolicy: { allowOrigins: [{ exact: 'https://o.example' }] },
          ...to('web'),
        },
        { ...at('/'), retries: { attempts: 0 }, ...to('web') },
      ],
    }),
    virtualService('tcp', ['*'], {
      tcp: [{ match: [{ port: 9000 }], route: [{ destination: { host: 'echo' } }] }],
    }),
    destinationRule('narrow', { connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } } }),
    destinationRule('trusted', {
      tls: { mode: 'SIMPLE', caCertificates: '/etc/certs/ca.crt', subjectAltNames: ['backend.example.com'] },
    }),
    destinationRule('misnamed', {
      tls: { mode: 'SIMPLE', caCertificates: '/etc/certs/ca.crt', subjectAltNames: ['misnamed.example.com'] },
    }),
    destinationRule('untrusted', { tls: { mode: 'SIMPLE', caCertificates: '/etc/certs/other-ca.crt' } }),
    destinationRule('plain', { tls: { mode: 'SIMPLE', caCertificates: '/etc/certs/ca.crt' } }),
    destinationRule('few', { connectionPool: { http: { http2MaxRequests: 1 } } }),
    destinationRule('bad', {
      outlierDetection: { consecutive5xxErrors: 2, interval: '60s', baseEjectionTime: '60s', maxEjectionPercent: 100 },
    }),
    {
      apiVersion: 'gateway.tidegate.dev/v1alpha1',
      kind: 'TrafficPolicy',
      metadata: { name: 'limits', namespace: 'istio-system' },
      spec: { rateLimits: [{ requests: 2, interval: '3600s', hosts: ['limited.example.com'] }] },
    },
    security('AuthorizationPolicy', {
      action: 'DENY',
      rules: [{ to: [{ operation: { paths: ['/denied'], ports: ['80'] } }] }],
    }),
    dryRun({ action: 'DENY', rules: [{ to: [{ operation: { paths: ['/status/404'], ports: ['80'] } }] }] }),
    security('RequestAuthentication', { jwtRules: [{ issuer: 'one', jwks: JSON.stringify(jwks) }] }),
  ];
}

export interface Scene {
  readonly tidegate: TidegateProcess;
  readonly ports: Readonly<Record<number, number>>;
  stop(): Promise<void>;
}

export async function startScene(dataPlane: DataPlaneName, args: readonly string[] = []): Promise<Scene> {
  const [application, secure, second, echo] = await Promise.all([
    startApplication(),
    startSecureApplication(),
    startHttp2Application(),
    startEcho(),
  ]);
  const backends = { application, secure, http2: second, echo, closedPort: await freePort() };
  const folder = createManifestFolder({ 'all.yaml': manifests(backends) });
  const ports = await portMapFor([80, 443, 9000]);
  const stopOthers = async (): Promise<void> => {
    application.stop();
    secure.stop();
    echo.stop();
    await second.stop();
    folder.dispose();
  };
  try {
    const mounts = { '/etc/certs': certificates };
    const tidegate = await startTidegate({ manifests: [folder.path], dataPlane, portMap: ports, mounts, args });
    return {
      tidegate,
      ports,
      stop: async () => {
        await tidegate.stop();
        await stopOthers();
      },
    };
  } catch (error) {
    await stopOthers();
    throw error;
  }
}

/** One after the other, each on a connection of its own, but where several at a time are what it is about. */
export async function sendAll({ ports }: Scene): Promise<readonly number[]> {
  const [plain = 0, secure = 0, raw = 0] = [ports[80], ports[443], ports[9000]];
  const statuses: number[] = [];
  const send = async (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<void> => {
    const { status } = await sendRequest({ port: plain, host: 'app.example.com', path, headers, method });
    statuses.push(status);
  };
  for (const path of ['/status/200', '/status/204', '/status/404', '/status/500', '/redirect', '/direct', '/abort'])
    await send(path);
  for (const path of ['/flaky/a', '/slow/900', '/slow/901', '/reset', '/down', '/nobody', '/gone', '/denied'])
    await send(path);
  await send('/status/200', { authorization: `Bearer ${token('one')}` });
  await send('/status/200', { authorization: `Bearer ${token('other')}` });
  await send('/cors', { origin: 'https://o.example', 'access-control-request-method': 'GET' }, 'OPTIONS');
  await send('/cors', { origin: 'https://bad.example' });
  // As many as it takes: Envoy's workers learn of an ejection a moment later, and one more would race with that.
  for (const path of ['/bad', '/bad']) await send(path);
  for (const path of ['/trusted', '/misnamed', '/untrusted', '/plain']) await send(path);
  for (const path of ['/h2/ok', '/h2/reset', '/h2/slow']) await send(path);
  await send('/', { host: 'unknown.example.com' });
  await send('/status/200', { 'x-large': 'x'.repeat(70_000) });
  for (let i = 0; i < 3; i++) await send('/', { host: 'limited.example.com' });
  statuses.push(...(await staggered(3, '/narrow')), ...(await staggered(2, '/few')));
  statuses.push(await sendHttp2(plain));
  const ca = readFileSync(`${certificates}/ca.crt`, 'utf8');
  statuses.push((await sendRequest({ port: secure, host: 'a.example.com', path: '/status/200', ca })).status);
  await refused(secure, { servername: 'unknown.example.com' });
  await refused(secure, {
    servername: 'a.example.com',
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'ALL:@SECLEVEL=0',
  });
  await malformed(plain);
  await echoed(raw);
  return statuses;

  /** Each while the ones before are under way: the first has its connection when the second comes. */
  async function staggered(count: number, path: string): Promise<readonly number[]> {
    const answers = Array.from({ length: count }, async (_, i) => {
      await sleep(100 * i);
      return sendRequest({ port: plain, host: 'app.example.com', path });
    });
    return (await Promise.all(answers)).map(({ status }) => status);
  }
}

async function sendHttp2(port: number): Promise<number> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':path': '/status/200', ':authority': 'app.example.com' });
  const status = await new Promise<number>((resolve, reject) => {
    stream.on('response', (headers) => resolve(Number(headers[':status'])));
    stream.on('error', reject);
    stream.resume();
  });
  await new Promise<void>((resolve) => session.close(resolve));
  return status;
}

const closed = (socket: net.Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
  });

/** Asks for what the gateway does not have: a name, a version. */
async function refused(port: number, asked: tls.ConnectionOptions): Promise<void> {
  await closed(tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...asked }));
}

async function malformed(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  socket.write('NOT HTTP AT ALL\r\n\r\n');
  await closed(socket);
}

async function echoed(port: number): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  socket.write('12345');
  socket.once('data', () => socket.end());
  await closed(socket);
}

export type Statistics = ReadonlyMap<string, number>;

interface StatsJson {
  readonly stats: readonly { readonly name?: string; readonly value?: number }[];
}

/** Ports differ from run to run: `listener.127.0.0.1_20123` is told as `listener.127.0.0.1_[80]`. */
export async function readStatistics({ tidegate, ports }: Scene): Promise<Statistics> {
  const { stats } = (await tidegate.view('/stats?format=json')) as StatsJson;
  const named = stats.flatMap(({ name, value }) =>
    name === undefined || value === undefined ? [] : [[name, value] as const],
  );
  return new Map(named.map(([name, value]) => [withGatewayPorts(name, ports), value]));
}

const withGatewayPorts = (name: string, ports: Scene['ports']): string =>
  Object.entries(ports).reduce(
    (text, [port, bound]) => text.replace(`127.0.0.1_${bound}`, `127.0.0.1_[${port}]`),
    name,
  );

/** The samples, without what says what they are. */
export async function readPrometheus({ tidegate, ports }: Scene): Promise<readonly string[]> {
  const response = await fetch(`http://${tidegate.admin}/stats/prometheus`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => withGatewayPorts(line, ports));
}
