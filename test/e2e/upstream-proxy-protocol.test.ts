// DestinationRule proxyProtocol: endpoints are told who the client is, in front of plaintext and of TCP, alike on both data planes.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  type Manifest,
  type ManifestFolder,
  service,
  virtualService,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

interface Backend {
  readonly address: string;
  readonly port: number;
  /** What came on each connection so far. */
  readonly received: string[];
  stop(): Promise<void>;
}

/** Answers every connection once it has sent something after its header; what came is kept, bytes as characters. */
async function startBackend(): Promise<Backend> {
  const received: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const index = received.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received[index] += chunk.toString('latin1');
      if (/GET|hello/.test(received[index] ?? '')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    address: '127.0.0.1',
    port,
    received,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const rule = (host: string, version?: string): Manifest => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: host, namespace: 'default' },
  spec: { host, trafficPolicy: { proxyProtocol: version === undefined ? {} : { version } } },
});

for (const dataPlane of dataPlaneNames)
  describe(`upstream PROXY protocol on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backend: Backend;
    let manifests: ManifestFolder;
    let tidegate: TidegateProcess;
    let portMap: Readonly<Record<number, number>> = {};

    before(async () => {
      portMap = await portMapFor([80, 9000]);
      backend = await startBackend();
      const to = (name: string) => service(name, [backend]);
      manifests = createManifestFolder({
        'all.yaml': [
          gateway([
            { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
            { port: { number: 9000, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
          ]),
          virtualService('v', ['*'], {
            http: [
              { match: [{ uri: { prefix: '/v2' } }], route: [{ destination: { host: 'two' } }] },
              { route: [{ destination: { host: 'one' } }] },
            ],
            tcp: [{ match: [{ port: 9000 }], route: [{ destination: { host: 'one' } }] }],
          }),
          ...to('one'),
          ...to('two'),
          rule('one'),
          rule('two', 'V2'),
        ],
      });
      tidegate = await startTidegate({ dataPlane, manifests: [manifests.path], portMap });
    });
    after(async () => {
      await tidegate?.stop();
      await backend?.stop();
      manifests?.dispose();
    });

    it('is a line in front of a request', async () => {
      backend.received.length = 0;
      const answer = await sendRequest({ port: portMap[80] ?? 0, host: 'a.test', path: '/v1' });
      assert.equal(answer.body, 'ok');
      assert.match(
        backend.received[0] ?? '',
        /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nGET \/v1 HTTP\/1\.1\r\n/,
      );
    });

    it('is binary in version 2', async () => {
      backend.received.length = 0;
      const answer = await sendRequest({ port: portMap[80] ?? 0, host: 'a.test', path: '/v2' });
      assert.equal(answer.body, 'ok');
      const header = Buffer.from((backend.received[0] ?? '').slice(0, 28), 'latin1');
      const signature = '\r\n\r\n\0\r\nQUIT\n';
      // Version and command, family, 12 bytes of addresses: of the client, and of the gateway's port.
      assert.equal(header.subarray(0, 24).toString('latin1'), `${signature}!\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01`);
      assert.equal(header.readUInt16BE(26), portMap[80]);
      assert.match(backend.received[0] ?? '', /GET \/v2 HTTP\/1\.1\r\n/);
    });

    it('is in front of TCP', async () => {
      backend.received.length = 0;
      const socket = net.connect(portMap[9000] ?? 0, '127.0.0.1');
      socket.write('hello');
      await waitUntil('the bytes to arrive', () => backend.received.some((text) => text.includes('hello')));
      const source = socket.localPort;
      socket.destroy();
      assert.match(
        backend.received[0] ?? '',
        new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 ${source} ${portMap[9000]}\r\nhello$`),
      );
    });
  });
