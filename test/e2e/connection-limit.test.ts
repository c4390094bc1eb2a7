// --max-connections: more connections than that are closed at once, over all ports and threads, alike on both data planes.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type ManifestFolder,
  mesh,
  virtualService,
} from './harness/manifests.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const limit = 3;

interface Client {
  /** `HTTP/1.1 200 OK`; '' where the connection was closed without a word. */
  ask(): Promise<string>;
  close(): void;
}

/** A connection that stays. */
function connect(port: number): Client {
  const socket = net.connect(port, '127.0.0.1');
  let received = '';
  let tell: (line: string) => void = () => {};
  let isClosed = false;
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    if (received.includes('\r\n\r\n')) tell(received.split('\r\n')[0] ?? '');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
    tell('');
  });
  return {
    ask: () =>
      new Promise((resolve) => {
        if (isClosed) resolve('');
        received = '';
        tell = resolve;
        socket.write('GET / HTTP/1.1\r\nhost: a.example.com\r\n\r\n');
      }),
    close: () => socket.destroy(),
  };
}

for (const dataPlane of dataPlaneNames)
  for (const workers of [1, 2])
    describe(`${limit} connections on ${dataPlane} with ${workers} workers`, {
      skip: skipDataPlane(dataPlane),
    }, () => {
      let folder: ManifestFolder;
      let tidegate: TidegateProcess;
      let ports: readonly number[] = [];
      const clients = new Set<Client>();

      before(async () => {
        folder = createManifestFolder({
          'mesh.yaml': [mesh({})],
          'gateway.yaml': [gateway([httpServer(), httpServer(81)])],
          'routes.yaml': [virtualService('a', ['a.example.com'], { http: [{ directResponse: { status: 200 } }] })],
        });
        const portMap = await portMapFor([80, 81]);
        ports = Object.values(portMap);
        tidegate = await startTidegate({
          manifests: [folder.path],
          dataPlane,
          portMap,
          args: ['--max-connections', `${limit}`, '--workers', `${workers}`],
        });
      });
      after(async () => {
        for (const client of clients) client.close();
        await tidegate?.stop();
        folder?.dispose();
      });

      const open = (index = 0): Client => {
        const client = connect(ports[index % ports.length] ?? 0);
        clients.add(client);
        return client;
      };
      const fill = async (): Promise<readonly Client[]> => {
        const open_: Client[] = [];
        for (let i = 0; i < limit; i++) {
          const client = open(i);
          assert.equal(await client.ask(), 'HTTP/1.1 200 OK', `connection ${i}`);
          open_.push(client);
        }
        return open_;
      };
      const statistics = async (): Promise<string> =>
        (await fetch(`http://${tidegate.admin}/stats?filter=downstream_global_cx_overflow`)).text();
      const isServed = async (): Promise<boolean> => {
        const client = open();
        const answer = await client.ask();
        client.close();
        return answer !== '';
      };

      it('are served, and no more', async () => {
        const [first, ...others] = await fill();
        for (let i = 0; i < 4; i++) assert.equal(await open(i).ask(), '', `connection ${limit + i}`);
        assert.equal(await first?.ask(), 'HTTP/1.1 200 OK', 'a connection that is there');
        await waitUntil('all of them to be counted', async () => {
          const counts = [...(await statistics()).matchAll(/^listener\.127\.0\.0\.1_\d+\.\w+: (\d+)$/gm)];
          return counts.reduce((sum, [, count]) => sum + Number(count), 0) === 4;
        });
        first?.close();
        await waitUntil('room for another connection', isServed);
        for (const client of others) client.close();
      });

      it('are told of where the mesh settings have another limit', async () => {
        const limits = (globalDownstreamConnectionLimit: number) =>
          folder.replace('mesh.yaml', [
            mesh({ defaultConfig: { connectionSettings: { globalDownstreamConnectionLimit } } }),
          ]);
        const told = async () => (await tidegate.diagnostics()).some(({ code }) => code === 'TG0042');
        limits(limit + 1);
        await waitUntil('the other limit to be told', told);
        limits(limit);
        await waitUntil('nothing to be told', async () => !(await told()));
      });

      it('are as many later, whoever has looked at the gateway meanwhile', async () => {
        await waitUntil('room for all', async () => {
          const some = Array.from({ length: limit }, (_, i) => open(i));
          const answers = await Promise.all(some.map((client) => client.ask()));
          for (const client of some) client.close();
          return answers.every((answer) => answer !== '');
        });
        for (let i = 0; i < 5; i++) await statistics();
        await waitUntil('all to be gone', isServed);
        let filled: readonly Client[] = [];
        await waitUntil('as many connections', async () => {
          filled = await fill().catch(() => []);
          return filled.length === limit;
        });
        assert.equal(await open().ask(), '', 'one more');
        for (const client of filled) client.close();
      });
    });
