// TrafficPolicy preserveHeaderCase: what goes over the wire of HTTP/1.1 on either side of the gateway, to the letter.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type Manifest,
  type ManifestFolder,
  routeTo,
  service,
} from './harness/manifests.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const policy = (ports: readonly number[]): Manifest => ({
  apiVersion: 'gateway.tidegate.dev/v1alpha1',
  kind: 'TrafficPolicy',
  metadata: { name: 'case', namespace: 'istio-system' },
  spec: { ports, preserveHeaderCase: true },
});
const names = (head: string): readonly string[] =>
  head
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(':', 1)[0] ?? '')
    .filter((name) => name !== '');
const pick = (head: string, wanted: readonly string[]): readonly string[] => {
  const lower = new Set(wanted.map((name) => name.toLowerCase()));
  return names(head)
    .filter((name) => lower.has(name.toLowerCase()))
    .sort();
};

for (const dataPlane of dataPlaneNames)
  describe(`the case of header names on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let seen = '';
    const backend = net.createServer((socket) => {
      socket.on('error', () => socket.destroy());
      let received = '';
      socket.on('data', (bytes) => {
        received += bytes.toString('latin1');
        const end = received.indexOf('\r\n\r\n');
        if (end < 0 || !received.endsWith('body!')) return;
        seen = received.slice(0, end);
        received = '';
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\nSERVER: mine\r\nX-ANSWER: 1\r\nx-Answer: 2\r\n\r\nok',
        );
      });
    });
    let folder: ManifestFolder;
    let tidegate: TidegateProcess;
    let ports: Readonly<Record<number, number>> = {};

    before(async () => {
      backend.listen(0, '127.0.0.1');
      await once(backend, 'listening');
      const { port } = backend.address() as net.AddressInfo;
      folder = createManifestFolder({
        'gateway.yaml': [gateway([httpServer(), httpServer(8081)])],
        'routes.yaml': [...service('app', [{ address: '127.0.0.1', port }]), routeTo('app.example.com', 'app')],
        'policy.yaml': [policy([80])],
      });
      ports = await portMapFor([80, 8081]);
      tidegate = await startTidegate({ manifests: [folder.path], dataPlane, portMap: ports });
    });
    after(async () => {
      await tidegate?.stop();
      folder?.dispose();
      backend.close();
    });

    const request = async (port: number): Promise<string> => {
      const socket = net.connect(ports[port] ?? 0, '127.0.0.1');
      const head =
        'POST / HTTP/1.1\r\nHOST: app.example.com\r\nContent-Length: 5\r\nX-Custom: 1\r\nx-custom: 2\r\nX-REQUEST-id: 7\r\n\r\n';
      socket.write(`${head}body!`);
      let received = '';
      for await (const chunk of socket) {
        received += (chunk as Buffer).toString('latin1');
        if (received.endsWith('ok')) break;
      }
      return received;
    };
    const asked = ['host', 'content-length', 'x-custom', 'x-request-id', 'x-forwarded-proto'];
    const answered = ['content-length', 'date', 'server', 'x-answer', 'x-envoy-upstream-service-time'];

    it('is as the other side writes it, where a policy says so', async () => {
      const answer = await request(80);
      assert.deepEqual(pick(seen, asked), [
        ...['Content-Length', 'HOST', 'X-Custom', 'X-Custom', 'X-REQUEST-id', 'x-forwarded-proto'],
      ]);
      assert.deepEqual(pick(answer.split('\r\n\r\n')[0] ?? '', answered), [
        ...['Content-Length', 'Date', 'SERVER', 'X-ANSWER', 'X-ANSWER', 'x-envoy-upstream-service-time'],
      ]);
    });

    it('is lower for endpoints elsewhere', async () => {
      await request(8081);
      assert.deepEqual(pick(seen, asked), [
        ...['content-length', 'host', 'x-custom', 'x-custom', 'x-forwarded-proto', 'x-request-id'],
      ]);
    });

    it('is lower on both sides once the policy is gone', async () => {
      folder.remove('policy.yaml');
      await waitUntil('lower case', async () => {
        const answer = await request(80);
        return seen.includes('\r\nx-custom: 1') && answer.includes('\r\nx-answer: 1');
      });
      const head = (await request(80)).split('\r\n\r\n')[0] ?? '';
      assert.deepEqual(pick(head, answered), [
        ...['content-length', 'date', 'server', 'x-answer', 'x-answer', 'x-envoy-upstream-service-time'],
      ]);
    });
  });
