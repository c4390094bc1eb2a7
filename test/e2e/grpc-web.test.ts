// Servers with protocol GRPC-WEB: browsers call gRPC services, in binary and in base64, alike on both data planes.
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import { startHttp2Server } from './harness/http2-server.ts';
import {
  type Address,
  createManifestFolder,
  gateway,
  type ManifestFolder,
  mesh,
  service,
  virtualService,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers /ok with a message and trailers, /error with trailers only, /plain as no gRPC service would. */
const startService = (seen: Seen[]): Promise<Address & { stop(): Promise<void> }> =>
  startHttp2Server(async (stream, headers) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of stream) chunks.push(chunk as Buffer);
    } catch {
      // A call that the gateway refused halfway.
      return;
    }
    seen.push({ headers, body: Buffer.concat(chunks).toString('hex') });
    switch (headers[':path']) {
      case '/error':
        stream.respond(
          { 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'none' },
          { endStream: true },
        );
        return;
      case '/plain':
        stream.respond({ ':status': 503, 'content-type': 'text/plain' });
        stream.end('not today');
        return;
      default:
        stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-more': 'yes' }));
        stream.end(message('hello'));
    }
  });

function message(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
}

async function call(
  port: number,
  path: string,
  type: string,
  body: Buffer | string,
  accept = type,
  host = 'a.test',
): Promise<Answer> {
  const answer = await sendRequest({
    port,
    host,
    path,
    method: 'POST',
    headers: { 'content-type': type, accept },
    body,
    encoding: 'latin1',
  });
  const names = ['content-type', 'content-length', 'transfer-encoding', 'grpc-status', 'grpc-message'];
  const headers = Object.fromEntries(
    names.flatMap((name) => (answer.headers[name] === undefined ? [] : [[name, String(answer.headers[name])]])),
  );
  return { status: answer.status, headers, trailers: answer.trailers, body: answer.body };
}

for (const dataPlane of dataPlaneNames)
  describe(`gRPC-Web on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    const seen: Seen[] = [];
    let backend: Awaited<ReturnType<typeof startService>>;
    let manifests: ManifestFolder;
    let tidegate: TidegateProcess;
    let port = 0;
    before(async () => {
      const portMap = await portMapFor([80]);
      port = portMap[80] ?? 0;
      backend = await startService(seen);
      manifests = createManifestFolder({
        'all.yaml': [
          mesh({ accessLogFile: '/dev/stdout', accessLogEncoding: 'JSON' }),
          gateway([{ port: { number: 80, name: 'grpc-web', protocol: 'GRPC-WEB' }, hosts: ['*'] }]),
          virtualService('calls', ['a.test'], {
            http: [
              { match: [{ uri: { exact: '/none' } }], directResponse: { status: 404, body: { string: 'nobody' } } },
              { match: [{ uri: { exact: '/down' } }], route: [{ destination: { host: 'down' } }] },
              { route: [{ destination: { host: 'calls' } }] },
            ],
          }),
          ...service('calls', [backend], 'grpc'),
          ...service('down', [], 'grpc'),
        ],
      });
      tidegate = await startTidegate({ manifests: [manifests.path], dataPlane, portMap });
    });
    after(async () => {
      await tidegate?.stop();
      manifests?.dispose();
      await backend?.stop();
    });
    const type = 'application/grpc-web+proto';
    const textType = 'application/grpc-web-text+proto';
    const trailers = 'grpc-status:0\r\nx-more:yes\r\n';
    const trailersFrame = Buffer.concat([Buffer.from([0x80, 0, 0, 0, trailers.length]), Buffer.from(trailers)]);
    const hello = message('hello');
    const failed = (status: number, contentType: string, grpcStatus: string, text: string): Answer => ({
      status,
      headers: {
        'content-type': contentType,
        'content-length': '0',
        'grpc-status': grpcStatus,
        'grpc-message': text,
      },
      trailers: {},
      body: '',
    });
    const answered = (contentType: string, body: string): Answer => ({
      status: 200,
      headers: { 'content-type': contentType, 'transfer-encoding': 'chunked' },
      trailers: {},
      body,
    });
    const binary = Buffer.concat([hello, trailersFrame]).toString('latin1');
    const text = hello.toString('base64') + trailersFrame.toString('base64');
    const badText = failed(400, textType, '13', 'Bad gRPC-web request, invalid base64 data.');

    it('answers binary calls, with the trailers in the body', async () => {
      assert.deepEqual(await call(port, '/ok', type, message('hi')), answered(type, binary));
      assert.deepEqual(await call(port, '/ok', 'application/grpc-web', message('hi')), answered(type, binary));
      const [first] = seen.splice(0);
      assert.equal(first?.body, message('hi').toString('hex'));
      const { te, 'content-type': contentType, 'grpc-accept-encoding': encoding } = first?.headers ?? {};
      assert.deepEqual([te, contentType, encoding], ['trailers', 'application/grpc', 'identity']);
      assert.equal(first?.headers['content-length'], undefined);
    });

    it('answers in base64 whoever accepts it, and reads it', async () => {
      const encoded = message('hi').toString('base64');
      assert.deepEqual(await call(port, '/ok', 'application/grpc-web-text', encoded), answered(textType, text));
      assert.deepEqual(await call(port, '/ok', textType, encoded, type), answered(type, binary));
      const twice = message('a').toString('base64') + message('bc').toString('base64');
      assert.deepEqual(await call(port, '/ok', textType, twice), answered(textType, text));
      assert.deepEqual(
        seen.splice(0).map(({ body }) => body),
        [message('hi'), message('hi'), Buffer.concat([message('a'), message('bc')])].map((one) => one.toString('hex')),
      );
    });

    it('passes a large message in base64', async () => {
      const large = message('x'.repeat(1 << 20));
      assert.deepEqual(await call(port, '/ok', textType, large.toString('base64')), answered(textType, text));
      assert.equal(seen.splice(0)[0]?.body.length, 2 * large.length);
    });

    it('refuses what is no base64', async () => {
      for (const bad of ['AAAA!', 'AAAAA', '!!!!'])
        assert.deepEqual(await call(port, '/ok', textType, bad), badText, bad);
      seen.splice(0);
    });

    it('gives the status of calls that fail, whoever says so', async () => {
      assert.deepEqual(await call(port, '/error', type, message('hi')), failed(200, type, '5', 'none'));
      assert.deepEqual(await call(port, '/plain', type, message('hi')), failed(503, type, '14', 'not today'));
      assert.deepEqual(await call(port, '/none', textType, ''), failed(404, textType, '12', 'nobody'));
      assert.deepEqual(await call(port, '/down', type, ''), failed(503, type, '14', 'no healthy upstream'));
      assert.deepEqual(await call(port, '/missing', type, '', type, 'b.test'), {
        status: 404,
        headers: { 'content-type': type, 'content-length': '0' },
        trailers: {},
        body: '',
      });
      seen.splice(0);
    });

    it('leaves other requests alone', async () => {
      assert.deepEqual(await call(port, '/plain', 'text/plain', 'x'), {
        status: 503,
        headers: { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' },
        trailers: {},
        body: 'not today',
      });
      assert.equal(seen.splice(0)[0]?.headers['content-length'], '1');
    });

    it('counts what goes over the wire, and logs the details', async () => {
      const logged = (): readonly string[] =>
        tidegate
          .stdout()
          .split('\n')
          .filter((line) => line.startsWith('{') && line.includes('logged'));
      await call(port, '/ok?logged', textType, message('hi').toString('base64'));
      await call(port, '/ok?logged', textType, 'AAAAA');
      await waitUntil('two lines in the access log', () => logged().length === 2);
      const lines = logged().map((line) => JSON.parse(line) as Record<string, unknown>);
      const pick = (line: Record<string, unknown> | undefined) =>
        ['response_code', 'bytes_received', 'bytes_sent', 'response_code_details'].map((key) => line?.[key]);
      assert.deepEqual(pick(lines[0]), [200, 12, text.length, 'via_upstream']);
      assert.deepEqual(pick(lines[1]), [400, 5, 0, 'grpc_base_64_decode_failed_bad_size']);
    });
  });
