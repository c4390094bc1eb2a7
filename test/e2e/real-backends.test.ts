// Servers that people run, behind both data planes: nginx with HTTP/2, MariaDB behind TLS that the gateway begins, a gRPC service.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ClientDuplexStream, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type CertificateFiles, createCertificates } from '../../examples/seed/create-certificates.ts';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import { createEchoClient, type GrpcService, startGrpcService } from './harness/grpc-service.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  httpsServer,
  type Manifest,
  type ManifestFolder,
  routeTo,
  service,
  tcpServer,
  virtualService,
} from './harness/manifests.ts';
import { type MariadbServer, mariadbSkip, queryMariadb, startMariadb } from './harness/mariadb.ts';
import { type NginxServer, nginxSkip, startNginx } from './harness/nginx.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const name = 'inside.example.com';
const local = (port: number) => [{ address: '127.0.0.1', port }];
const destinationRule = (host: string, trafficPolicy: Manifest): Manifest => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: host, namespace: 'default' },
  spec: { host: `${host}.default.svc.cluster.local`, trafficPolicy },
});
const tls: Manifest = { mode: 'SIMPLE', caCertificates: '/etc/inside/ca.crt', sni: name, subjectAltNames: [name] };
const allowedH2 = { connectionPool: { http: { h2UpgradePolicy: 'UPGRADE' } } };

describe('real backends', { skip: mariadbSkip || nginxSkip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-real-'));
  const file = randomBytes(3 << 20);
  let certificates: CertificateFiles;
  let mariadb: MariadbServer | undefined;
  let nginx: NginxServer | undefined;
  let grpc: GrpcService | undefined;

  before(async () => {
    certificates = await createCertificates(join(folder, 'certs'), [name, 'front.example.com'], []);
    const readable = join(folder, 'readable');
    cpSync(certificates.folder, readable, { recursive: true });
    for (const path of [folder, readable]) chmodSync(path, 0o755);
    for (const one of ['ca.crt', 'tls.crt', 'tls.key']) chmodSync(join(readable, one), 0o644);
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'files', 'large'), file);
    const pair = { certificate: join(readable, 'tls.crt'), key: join(readable, 'tls.key') };
    mariadb = await startMariadb({ ca: join(readable, 'ca.crt'), ...pair });
    nginx = await startNginx({ ...pair, files: join(folder, 'files'), plain: mariadb.port });
    grpc = await startGrpcService();
  });
  after(async () => {
    await grpc?.stop();
    await nginx?.stop();
    await mariadb?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const manifests = (): Readonly<Record<string, readonly Manifest[]>> => {
    assert.ok(nginx && grpc);
    return {
      'gateway.yaml': [
        gateway([
          httpServer(),
          httpsServer(['front.example.com'], {
            mode: 'SIMPLE',
            serverCertificate: '/etc/inside/tls.crt',
            privateKey: '/etc/inside/tls.key',
          }),
          tcpServer(3306),
        ]),
      ],
      'services.yaml': [
        ...service('web', local(nginx.https)),
        destinationRule('web', { tls }),
        ...service('web-h2', local(nginx.https)),
        destinationRule('web-h2', { tls, ...allowedH2 }),
        ...service('h2c', local(nginx.http2), 'http2'),
        ...service('db', local(nginx.tls), 'tcp', 3306),
        destinationRule('db', { tls }),
        ...service('echo', local(grpc.port), 'grpc'),
      ],
      'routes.yaml': [
        ...['web', 'web-h2', 'h2c'].map((destination) => routeTo(`${destination}.example.com`, destination)),
        routeTo('front.example.com', 'echo'),
        virtualService('db', ['*'], {
          tcp: [{ match: [{ port: 3306 }], route: [{ destination: { host: 'db', port: { number: 3306 } } }] }],
        }),
      ],
    };
  };

  for (const dataPlane of dataPlaneNames)
    describe(`behind ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
      let sources: ManifestFolder;
      let tidegate: TidegateProcess;
      let ports: Readonly<Record<number, number>> = {};

      before(async () => {
        sources = createManifestFolder(manifests());
        ports = await portMapFor([80, 443, 3306]);
        tidegate = await startTidegate({
          manifests: [sources.path],
          dataPlane,
          portMap: ports,
          mounts: { '/etc/inside': certificates.folder },
        });
      });
      after(async () => {
        await tidegate?.stop();
        sources?.dispose();
      });

      const port = (): number => ports[80] ?? 0;
      const ask = (destination: string, path = '/x?y', headers = {}, method = 'GET') =>
        sendRequest({ port: port(), host: `${destination}.example.com`, path, headers, method, encoding: 'latin1' });

      it('speak HTTP/1.1, and HTTP/2 where it is wanted, over TLS', async () => {
        assert.equal((await ask('web')).body, `HTTP/1.1 TLSv1.2 ${name} web.example.com /x?y`);
        const ofTls = `HTTP/2.0 TLSv1.2 ${name} `;
        const { body } = await ask('web-h2');
        assert.ok(body.startsWith(ofTls) && body.endsWith(' /x?y'), body);
      });

      it('speak HTTP/2 without TLS', async () => {
        const { body } = await ask('h2c');
        assert.ok(body.startsWith('HTTP/2.0 ') && body.endsWith(' /x?y'), body);
      });

      it('send files whole, in parts, or not at all', async () => {
        for (const destination of ['web', 'web-h2', 'h2c']) {
          const whole = await ask(destination, '/files/large');
          const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
          assert.equal(hash(Buffer.from(whole.body, 'latin1')), hash(file), destination);
          const part = await ask(destination, '/files/large', { range: 'bytes=1000-1999' });
          assert.equal(part.status, 206);
          assert.ok(Buffer.from(part.body, 'latin1').equals(file.subarray(1000, 2000)));
          const etag = String(whole.headers.etag);
          assert.equal((await ask(destination, '/files/large', { 'if-none-match': etag })).status, 304);
          const head = await ask(destination, '/files/large', {}, 'HEAD');
          assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, String(file.length), '']);
          assert.equal((await ask(destination, '/files/none')).status, 404);
        }
      });

      it('answer queries of a database over TLS that the gateway begins', async () => {
        assert.ok(mariadb && nginx);
        const { user, password } = mariadb;
        const through = { port: ports[3306] ?? 0, user, password };
        // nginx closes on whom speaks no TLS: the gateway does, its client does not.
        await assert.rejects(
          queryMariadb({ ...through, port: nginx.tls }, 'SELECT 1', ['--skip-ssl', '--connect-timeout=1']),
        );
        assert.equal(await queryMariadb(through, 'SELECT 6 * 7', ['--skip-ssl']), '42');
        const long = await queryMariadb(through, "SELECT REPEAT('x', 2000000)", ['--skip-ssl']);
        assert.equal(long.length, 2_000_000);
        const ca = `--ssl-ca=${certificates.ca}`;
        assert.match(await queryMariadb(through, "SHOW STATUS LIKE 'Ssl_version'", [ca]), /TLSv1\.3/);
      });

      for (const overTls of [false, true])
        describe(`gRPC ${overTls ? 'over TLS' : 'without TLS'}`, () => {
          const client = () =>
            createEchoClient(
              (overTls ? ports[443] : ports[80]) ?? 0,
              'front.example.com',
              overTls ? readFileSync(certificates.ca, 'utf8') : undefined,
            );
          let echo: ReturnType<typeof client>;
          before(() => {
            echo = client();
          });
          after(() => echo?.close());

          const say = (text: string, options = {}) =>
            new Promise<{
              readonly error: ServiceError | null;
              readonly answer: string | undefined;
              trailers: Metadata;
            }>((resolve) => {
              let outcome: readonly [ServiceError | null, string | undefined] = [null, undefined];
              const call = echo.Say!(text, options, (error: ServiceError | null, answer: string | undefined) => {
                outcome = [error, answer];
              });
              call.on('status', ({ metadata }: { readonly metadata: Metadata }) =>
                setImmediate(() => resolve({ error: outcome[0], answer: outcome[1], trailers: metadata })),
              );
            });

          it('answers a call, with its trailers', async () => {
            const { error, answer, trailers } = await say('hello');
            assert.deepEqual([error, answer, trailers.get('x-trailer')], [null, 'hello', ['end']]);
          });

          it('fails with the status, the details and the binary metadata of the service', async () => {
            const { error, trailers } = await say('fail');
            assert.deepEqual([error?.code, error?.details], [status.FAILED_PRECONDITION, 'not today: 100 % ü']);
            assert.deepEqual(trailers.get('x-why-bin'), [Buffer.from([1, 2, 255])]);
          });

          it('ends a call whose time is up, at the service too', async () => {
            const before = grpc?.cancelled() ?? 0;
            const { error } = await say('wait', { deadline: Date.now() + 150 });
            // Client, gateway and service keep the same time: who is first is open.
            const code = error?.code ?? status.OK;
            assert.ok([status.DEADLINE_EXCEEDED, status.UNAVAILABLE].includes(code), `${code} ${error?.details}`);
            await waitUntil('the service to hear of it', () => (grpc?.cancelled() ?? 0) > before);
          });

          it('tells the service that the client has given up', async () => {
            assert.ok(grpc);
            const [waiting, cancelled] = [grpc.waiting(), grpc.cancelled()];
            const ended = new Promise<ServiceError | null>((resolve) => {
              const call = echo.Say!('wait', (error: ServiceError | null) => resolve(error));
              void waitUntil('the call to come', () => (grpc?.waiting() ?? 0) > waiting).then(() => call.cancel());
            });
            assert.equal((await ended)?.code, status.CANCELLED);
            await waitUntil('the service to hear of it', () => (grpc?.cancelled() ?? 0) > cancelled);
          });

          it('streams from the service', async () => {
            const seen: string[] = [];
            for await (const text of echo.Count!('1000')) seen.push(text as string);
            assert.deepEqual([seen.length, seen.at(-1)], [1000, '1000']);
          });

          it('streams to the service', async () => {
            const answer = await new Promise((resolve, reject) => {
              const call = echo.Join!((error: ServiceError | null, text: string) =>
                error ? reject(error) : resolve(text),
              );
              for (let i = 0; i < 100; i++) call.write(String(i));
              call.end();
            });
            assert.equal(answer, Array.from({ length: 100 }, (_, i) => i).join(' '));
          });

          it('streams both ways at a time', async () => {
            const call = echo.Chat!() as ClientDuplexStream<string, string>;
            const next = (): Promise<string> => new Promise((resolve) => call.once('data', resolve));
            for (const text of ['one', 'two', 'three']) {
              const answer = next();
              call.write(text);
              assert.equal(await answer, text);
            }
            const ended = new Promise<number>((resolve) => call.on('status', ({ code }) => resolve(code)));
            call.end();
            assert.equal(await ended, status.OK);
          });
        });
    });
});
