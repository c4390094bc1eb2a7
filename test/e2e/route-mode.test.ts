// Route tables that grow and shrink: shared becomes scoped and back under load, no request fails, and people see the same tables.
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
  type Manifest,
  type ManifestFolder,
  routeTo,
  service,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const host = 'app.example.com';
const wildcardHost = 'any.wild.example.com';
const others = (count: number): Manifest[] =>
  Array.from({ length: count }, (_, i) => routeTo(`other-${i}.example.com`, 'a'));

interface Table {
  readonly name: string;
  readonly virtualHosts: readonly { readonly domains: readonly string[] }[];
}

for (const dataPlane of dataPlaneNames)
  describe(`a route table that grows and shrinks on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backend: Backend;
    let folder: ManifestFolder;
    let tidegate: TidegateProcess;
    let port = 0;
    let loads: Load[] = [];

    before(async () => {
      backend = await startHttpBackend('one');
      folder = createManifestFolder({
        'gateway.yaml': [gateway([httpServer()]), ...service('a', [backend])],
        'route.yaml': [routeTo(host, 'a'), routeTo('*.wild.example.com', 'a', 'wild')],
        'others.yaml': others(1),
      });
      const portMap = await portMapFor([80]);
      port = portMap[80]!;
      tidegate = await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap,
        args: ['--route-mode', 'auto', '--scoped-above', '10'],
      });
      loads = [startLoad({ port, host }), startLoad({ port, host: wildcardHost })];
    });
    after(async () => {
      await Promise.all(loads.map((load) => load.stop()));
      await tidegate?.stop();
      folder?.dispose();
      await backend?.stop();
    });

    const isServed = async (name: string): Promise<boolean> => (await sendRequest({ port, host: name })).status === 200;
    const routes = async (): Promise<readonly Table[]> =>
      JSON.parse((await tidegate.command('proxy-config', 'routes', '-o', 'json')).stdout);
    /** The names that the data plane itself has for its tables. */
    const isScoped = async (): Promise<boolean> => {
      const { code, stdout } = await tidegate.command('proxy-status');
      assert.equal(code, 0);
      const listeners = (await tidegate.command('proxy-config', 'listeners', '-o', 'json')).stdout;
      assert.match(stdout, /SYNCED/);
      return listeners.includes('scopedRoutes');
    };

    it('is scoped above its limit and shared again at half of it, while requests go on', async () => {
      assert.equal(await isScoped(), false);
      for (let round = 0; round < 3; round += 1) {
        folder.replace('others.yaml', others(20));
        await waitUntil('the last of many hosts', () => isServed('other-19.example.com'));
        await waitUntil('scopes', isScoped);
        folder.replace('others.yaml', others(8));
        await waitUntil('a host that is gone', async () => !(await isServed('other-19.example.com')));
        assert.equal(await isScoped(), true, 'a few hosts less do not change it');
        folder.replace('others.yaml', others(1));
        await waitUntil('few hosts', async () => !(await isServed('other-7.example.com')));
        await waitUntil('one table', async () => !(await isScoped()));
      }
      for (const load of loads) {
        const report = await load.stop();
        assert.deepEqual(report.failures, []);
        assert.ok(report.succeeded > 100, `only ${report.succeeded} requests`);
      }
    });

    it('is the same table to those who ask for the routes of a proxy', async () => {
      folder.replace('others.yaml', others(20));
      await waitUntil('scopes', isScoped);
      await waitUntil('the last of many hosts', () => isServed('other-19.example.com'));
      const tables = await routes();
      assert.deepEqual([...new Set(tables.map(({ name }) => name))], ['http.80']);
      // Envoy may still have the one table, for connections of before.
      const hosts = new Set(tables.flatMap(({ virtualHosts }) => virtualHosts.flatMap(({ domains }) => domains)));
      const names = Array.from({ length: 20 }, (_, i) => `other-${i}.example.com`);
      assert.deepEqual([...hosts].sort(), ['*.wild.example.com', host, ...names].sort());
    });
  });
