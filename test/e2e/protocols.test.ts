// HTTP/2 in and out, gRPC that streams both ways, and bodies larger than any buffer.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2, { type ClientHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { type Backend, startHttpBackend } from './harness/backend.ts';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import { startHttp2Server } from './harness/http2-server.ts';
import {
  type Address,
  createManifestFolder,
  gateway,
  httpServer,
  httpsServer,
  type ManifestFolder,
  routeTo,
  service,
} from './harness/manifests.ts';
import { repositoryRoot, startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const certs = join(repositoryRoot, 'test/corpus/certs');
const megabyte = 1 << 20;

/** Speaks HTTP/2 without TLS; sends each chunk back when it comes, and ends as gRPC does. */
const startGrpcBackend = (): Promise<Address & { stop(): Promise<void> }> =>
  startHttp2Server((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'bye' }));
    stream.pipe(stream);
  });

/** Answers with the SHA-256 of the body; `/download/MB` sends that many megabytes of zeros. */
async function startBodyBackend(): Promise<Address & { sent(): number; stop(): Promise<void> }> {
  let sent = 0;
  const megabytes = function* (count: number): Generator<Buffer> {
    for (let index = 0; index < count; index++) {
      sent += megabyte;
      yield Buffer.alloc(megabyte);
    }
  };
  const server = http.createServer(async (request, response) => {
    const download = /^\/download\/(\d+)$/.exec(request.url ?? '');
    if (download) {
      sent = 0;
      Readable.from(megabytes(Number(download[1])), { objectMode: false, highWaterMark: megabyte }).pipe(response);
      return;
    }
    const hash = createHash('sha256');
    for await (const chunk of request) hash.update(chunk as Buffer);
    response.end(hash.digest('hex'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    sent: () => sent,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Whole answer of a stream; rejects when it does not come within 5 s. */
async function answerOf(stream: http2.ClientHttp2Stream): Promise<{ status: unknown; body: string }> {
  stream.setTimeout(5000, () => stream.destroy(new Error('no answer within 5 s')));
  const response = once(stream, 'response') as Promise<[http2.IncomingHttpHeaders]>;
  const [[headers], body] = await Promise.all([response, Readable.from(stream).toArray()]);
  return { status: headers[':status'], body: Buffer.concat(body as Buffer[]).toString() };
}

function grpcFrame(message: string): Buffer {
  const payload = Buffer.from(message);
  const frame = Buffer.alloc(5 + payload.length);
  frame.writeUInt32BE(payload.length, 1);
  payload.copy(frame, 5);
  return frame;
}

/** Sends each message only when the one before came back, which buffering anywhere on the way would never let happen. */
async function pingPong(session: ClientHttp2Session, authority: string, messages: readonly string[]): Promise<unknown> {
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': '/echo.Echo/Stream',
      ':authority': authority,
      'content-type': 'application/grpc',
      te: 'trailers',
    },
    { endStream: false },
  );
  const limit = { signal: AbortSignal.timeout(5000) };
  const trailers = once(stream, 'trailers', limit) as Promise<[http2.IncomingHttpHeaders]>;
  trailers.catch(() => {});
  for (const message of messages) {
    const echoed = once(stream, 'data', limit) as Promise<[Buffer]>;
    stream.write(grpcFrame(message));
    assert.deepEqual((await echoed)[0], grpcFrame(message));
  }
  stream.resume();
  stream.end();
  const [fields] = await trailers;
  return { 'grpc-status': fields['grpc-status'], 'grpc-message': fields['grpc-message'] };
}

for (const dataPlane of dataPlaneNames)
  describe(`protocols on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backend: Backend;
    let grpc: Awaited<ReturnType<typeof startGrpcBackend>>;
    let bodies: Awaited<ReturnType<typeof startBodyBackend>>;
    let folder: ManifestFolder;
    let tidegate: TidegateProcess;
    let ports: Record<number, number> = {};
    const sessions: ClientHttp2Session[] = [];
    const connect = (url: string, options: http2.SecureClientSessionOptions = {}): ClientHttp2Session => {
      const session = http2.connect(url, options);
      session.on('error', () => {});
      sessions.push(session);
      return session;
    };
    const ca = readFileSync(join(certs, 'ca.crt'), 'utf8');

    before(async () => {
      backend = await startHttpBackend('web');
      grpc = await startGrpcBackend();
      bodies = await startBodyBackend();
      folder = createManifestFolder({
        'all.yaml': [
          gateway([
            httpServer(),
            httpsServer(['a.example.com', 'grpc.example.com'], {
              serverCertificate: '/etc/certs/a.crt',
              privateKey: '/etc/certs/a.key',
            }),
          ]),
          ...service('web', [backend]),
          ...service('grpc', [grpc], 'grpc-echo'),
          ...service('bodies', [bodies]),
          routeTo('a.example.com', 'web'),
          routeTo('grpc.example.com', 'grpc'),
          routeTo('bodies.example.com', 'bodies'),
        ],
      });
      ports = await portMapFor([80, 443]);
      tidegate = await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap: ports,
        mounts: { '/etc/certs': certs },
      });
    });
    after(async () => {
      for (const session of sessions) session.destroy();
      await tidegate?.stop();
      folder?.dispose();
      await Promise.all([backend?.stop(), grpc?.stop(), bodies?.stop()]);
    });

    it('takes HTTP/2 by ALPN and talks HTTP/1.1 to the application', async () => {
      const session = connect(`https://127.0.0.1:${ports[443]}`, { ca, servername: 'a.example.com' });
      const stream = session.request({ ':path': '/two', ':authority': 'a.example.com' });
      const answer = await answerOf(stream);
      assert.equal(session.alpnProtocol, 'h2');
      assert.deepEqual(answer, { status: 200, body: 'web GET /two' });
    });

    it('answers many streams of one connection', async () => {
      const session = connect(`http://127.0.0.1:${ports[80]}`);
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const stream = session.request({ ':path': `/${index}`, ':authority': 'a.example.com' });
          return (await answerOf(stream)).body;
        }),
      );
      assert.deepEqual(
        answers,
        Array.from({ length: 100 }, (_, index) => `web GET /${index}`),
      );
    });

    it('streams gRPC both ways with prior knowledge', async () => {
      const session = connect(`http://127.0.0.1:${ports[80]}`);
      const trailers = await pingPong(session, 'grpc.example.com', ['one', 'two', 'x'.repeat(100)]);
      assert.deepEqual(trailers, { 'grpc-status': '0', 'grpc-message': 'bye' });
    });

    it('streams gRPC both ways over TLS', async () => {
      // The certificate names a.example.com only; which chain serves is chosen by SNI.
      const session = connect(`https://127.0.0.1:${ports[443]}`, {
        ca,
        servername: 'grpc.example.com',
        checkServerIdentity: () => undefined,
      });
      assert.deepEqual(await pingPong(session, 'grpc.example.com', ['one', 'two']), {
        'grpc-status': '0',
        'grpc-message': 'bye',
      });
    });

    it('passes a large upload on as it is', async () => {
      const chunk = Buffer.alloc(megabyte, 'tide');
      const hash = createHash('sha256');
      const size = 48;
      for (let index = 0; index < size; index++) hash.update(chunk);
      const request = http.request({
        port: ports[80],
        host: '127.0.0.1',
        method: 'POST',
        headers: { host: 'bodies.example.com' },
      });
      const response = once(request, 'response', { signal: AbortSignal.timeout(20_000) }) as Promise<
        [http.IncomingMessage]
      >;
      Readable.from(
        Array.from({ length: size }, () => chunk),
        { objectMode: false },
      ).pipe(request);
      const body = await (await response)[0].setEncoding('utf8').toArray();
      assert.equal(body.join(''), hash.digest('hex'));
    });

    it('does not read from the application what a slow client does not take', async () => {
      const size = 256;
      const request = http.get({
        port: ports[80],
        host: '127.0.0.1',
        path: `/download/${size}`,
        headers: { host: 'bodies.example.com' },
      });
      const [response] = (await once(request, 'response', { signal: AbortSignal.timeout(5000) })) as [
        http.IncomingMessage,
      ];
      response.pause();
      // The client takes nothing: once the buffers on the way are full, the application must stand still.
      let [last, since] = [-1, performance.now()];
      await waitUntil('the application to stand still', () => {
        if (bodies.sent() !== last) [last, since] = [bodies.sent(), performance.now()];
        return performance.now() - since > 300;
      });
      assert.ok(bodies.sent() < 64 * megabyte, `${bodies.sent() / megabyte} MiB were read ahead`);
      let received = 0;
      for await (const chunk of response) received += (chunk as Buffer).length;
      assert.equal(received, size * megabyte);
    });
  });
