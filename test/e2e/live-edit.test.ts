// Edits of manifests under load: the answer changes without a restart, and no request fails.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Backend, startHttpBackend } from './harness/backend.ts';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import { type Load, startLoad } from './harness/load-generator.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type ManifestFolder,
  routeTo,
  service,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const host = 'app.example.com';

for (const dataPlane of dataPlaneNames)
  describe(`live edits on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backends: Backend[] = [];
    let folder: ManifestFolder;
    let tidegate: TidegateProcess;
    let port = 0;
    let otherPort = 0;
    let load: Load;

    before(async () => {
      backends = await Promise.all(['one', 'two', 'three'].map(startHttpBackend));
      folder = createManifestFolder({
        'gateway.yaml': [gateway([httpServer()])],
        'a.yaml': service('a', [backends[0]!]),
        'b.yaml': service('b', [backends[1]!]),
        'route.yaml': [routeTo(host, 'a')],
      });
      const portMap = await portMapFor([80, 8081]);
      [port, otherPort] = [portMap[80]!, portMap[8081]!];
      tidegate = await startTidegate({ manifests: [folder.path], dataPlane, portMap });
      load = startLoad({ port, host });
    });
    after(async () => {
      await load?.stop();
      await tidegate?.stop();
      folder?.dispose();
      await Promise.all(backends.map((backend) => backend.stop()));
    });

    /** Waits for an answer of that backend, then for the load to have seen some more of it. */
    const answeredBy = async (name: string): Promise<void> => {
      await waitUntil(`${host} to be answered by ${name}`, async () =>
        (await sendRequest({ port, host })).body.startsWith(`${name} `),
      );
      const enough = load.succeeded() + 20;
      await waitUntil('the load to go on', () => load.succeeded() >= enough);
    };
    /** Ends the load of one test and starts that of the next. */
    const expectNoFailure = async (): Promise<void> => {
      const report = await load.stop();
      load = startLoad({ port, host });
      assert.deepEqual(report.failures, []);
      assert.ok(report.succeeded > 100, `only ${report.succeeded} requests`);
    };

    it('flips a route back and forth, the file replaced in one step', async () => {
      await answeredBy('one');
      for (let round = 0; round < 15; round++) {
        folder.replace('route.yaml', [routeTo(host, 'b')]);
        await answeredBy('two');
        folder.replace('route.yaml', [routeTo(host, 'a')]);
        await answeredBy('one');
      }
      await expectNoFailure();
    });

    it('flips a route back and forth, the file truncated and written again', async () => {
      for (let round = 0; round < 15; round++) {
        folder.overwrite('route.yaml', [routeTo(host, 'b')]);
        await answeredBy('two');
        folder.overwrite('route.yaml', [routeTo(host, 'a')]);
        await answeredBy('one');
      }
      await expectNoFailure();
    });

    it('moves a service to another endpoint', async () => {
      for (let round = 0; round < 10; round++) {
        folder.replace('a.yaml', service('a', [backends[2]!]));
        await answeredBy('three');
        folder.replace('a.yaml', service('a', [backends[0]!]));
        await answeredBy('one');
      }
      await expectNoFailure();
    });

    it('brings a new service and takes the old one away in the same edit', async () => {
      for (let round = 0; round < 10; round++) {
        const [name, backend] = [`swap-${round}`, backends[round % 2 === 0 ? 1 : 0]!];
        folder.replace('route.yaml', [...service(name, [backend]), routeTo(host, name)]);
        await answeredBy(backend.name);
      }
      folder.replace('route.yaml', [routeTo(host, 'a')]);
      await answeredBy('one');
      await expectNoFailure();
    });

    it('lets files be renamed', async () => {
      for (let round = 0; round < 5; round++) {
        folder.rename('route.yaml', 'moved.yaml');
        folder.replace('b.yaml', service('b', [backends[round % 2 === 0 ? 2 : 1]!]));
        await answeredBy('one');
        folder.rename('moved.yaml', 'route.yaml');
        await answeredBy('one');
      }
      await expectNoFailure();
    });

    it('adds and removes other hosts', async () => {
      folder.replace('b.yaml', service('b', [backends[1]!]));
      const others = ['x.example.com', 'y.example.com'];
      for (let round = 0; round < 5; round++) {
        folder.replace(
          'others.yaml',
          others.map((other) => routeTo(other, 'b')),
        );
        await waitUntil('the new hosts to be served', async () =>
          (await sendRequest({ port, host: others[1]! })).body.startsWith('two '),
        );
        folder.remove('others.yaml');
        await waitUntil(
          'the removed hosts to be gone',
          async () => (await sendRequest({ port, host: others[1]! })).status === 404,
        );
      }
      await answeredBy('one');
      await expectNoFailure();
    });

    it('opens and closes another port', async () => {
      const isOpen = () =>
        sendRequest({ port: otherPort, host }).then(
          ({ status }) => status === 200,
          () => false,
        );
      for (let round = 0; round < 5; round++) {
        folder.replace('gateway.yaml', [gateway([httpServer(80), httpServer(8081)])]);
        await waitUntil('the new port to be open', isOpen);
        folder.replace('gateway.yaml', [gateway([httpServer(80)])]);
        await waitUntil('the removed port to be closed', async () => !(await isOpen()));
      }
      await answeredBy('one');
      await expectNoFailure();
    });

    it('lets requests in flight end when it is stopped', async () => {
      const report = await load.stop();
      assert.deepEqual(report.failures, []);
      const asked = backends[0]!.requests();
      const slow = sendRequest({ port, host, path: '/delay/700' });
      await waitUntil('the slow request to reach its backend', () => backends[0]!.requests() > asked);
      const exit = tidegate.stop();
      assert.equal((await slow).status, 200);
      assert.equal(await exit, 0);
    });
  });
