// Access logs: off until the mesh settings turn them on, and the same lines from both data planes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Backend, startHttpBackend } from './harness/backend.ts';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type Manifest,
  type ManifestFolder,
  mesh,
  routeTo,
  service,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const host = 'log.example.com';

for (const dataPlane of dataPlaneNames)
  describe(`access logs on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backend: Backend;
    let folder: ManifestFolder;
    let tidegate: TidegateProcess;
    let port = 0;
    let requests = 0;

    before(async () => {
      backend = await startHttpBackend('web');
      folder = createManifestFolder({
        'all.yaml': [gateway([httpServer()]), ...service('web', [backend]), routeTo(host, 'web')],
      });
      const portMap = await portMapFor([80]);
      port = portMap[80]!;
      tidegate = await startTidegate({ manifests: [folder.path], dataPlane, portMap });
    });
    after(async () => {
      await tidegate?.stop();
      folder?.dispose();
      await backend?.stop();
    });

    /** The line of a fresh request once the settings are in force: sends until its path shows up. */
    const lineWith = async (settings: Manifest, wanted: (line: string) => boolean): Promise<string> => {
      folder.replace('mesh.yaml', [mesh(settings)]);
      return waitUntil('the line of a new request', async () => {
        requests += 1;
        const path = `/line/${requests}`;
        await sendRequest({ port, host, path });
        return tidegate
          .stdout()
          .split('\n')
          .find((line) => line.includes('/line/') && wanted(line));
      });
    };

    it('are off by default', async () => {
      assert.equal((await sendRequest({ port, host, path: '/unlogged' })).status, 200);
      // The admin view is fed by the same lines, so an empty one means that none was written.
      const response = await fetch(`http://${tidegate.admin}/logs?tail=10`);
      assert.equal((await response.text()).trim(), '');
      assert.doesNotMatch(tidegate.stdout(), /unlogged/);
    });

    it('are switched on by the mesh settings, in the text format of Istio', async () => {
      const line = await lineWith({ accessLogFile: '/dev/stdout' }, (text) => text.startsWith('['));
      assert.match(
        line,
        /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "GET \/line\/\d+ HTTP\/1\.1" 200 - via_upstream - "-" 0 \d+ \d+ \d+ "[\d.]+" "-" "[0-9a-f-]{36}" "log\.example\.com" "127\.0\.0\.1:\d+" outbound\|80\|\|web\.default\.svc\.cluster\.local /,
      );
    });

    it('change to JSON without a restart', async () => {
      const line = await lineWith({ accessLogFile: '/dev/stdout', accessLogEncoding: 'JSON' }, (text) =>
        text.startsWith('{'),
      );
      const fields = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(
        [fields.method, fields.response_code, fields.authority, fields.response_flags, fields.upstream_cluster],
        ['GET', 200, host, '-', 'outbound|80||web.default.svc.cluster.local'],
      );
    });

    it('take a format of the user', async () => {
      const line = await lineWith(
        { accessLogFile: '/dev/stdout', accessLogFormat: 'mine %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS%\n' },
        (text) => text.startsWith('mine '),
      );
      assert.match(line, /^mine \/line\/\d+ 200 -$/);
    });

    it('name the reason of a failure', async () => {
      await sendRequest({ port, host: 'nobody.example.com', path: '/nobody' });
      const line = await waitUntil('the line of the failure', () =>
        tidegate
          .stdout()
          .split('\n')
          .find((text) => text.includes('/nobody')),
      );
      assert.equal(line, 'mine /nobody 404 NR');
    });

    it('are printed by `tidegate logs`, filtered', async () => {
      const { code, stdout } = await tidegate.command('logs', '--filter', 'nobody');
      assert.deepEqual([code, stdout.trim()], [0, 'mine /nobody 404 NR']);
    });

    it('keep going when the format is nonsense, which is a diagnostic', async () => {
      folder.replace('mesh.yaml', [
        mesh({ accessLogFile: '/dev/stdout', accessLogFormat: '%NO_SUCH_OPERATOR% %REQ(' }),
      ]);
      const found = await waitUntil('a diagnostic about mesh.yaml', async () =>
        (await tidegate.diagnostics()).find((entry) => entry.file?.endsWith('/mesh.yaml')),
      );
      assert.ok((found.line ?? 0) >= 1);
      assert.equal((await sendRequest({ port, host })).status, 200);
    });

    it('are switched off again', async () => {
      folder.replace('mesh.yaml', [mesh({ accessLogFile: '' })]);
      await waitUntil('requests to leave no line', async () => {
        requests += 1;
        const path = `/off/${requests}`;
        await sendRequest({ port, host, path });
        // Long enough for a line to come, were logs still on; as a condition there is nothing to wait for.
        const deadline = performance.now() + 300;
        const seen = await waitUntil('the line, or its absence', () => {
          if (tidegate.stdout().includes(path)) return 'logged';
          return performance.now() > deadline && 'absent';
        });
        return seen === 'absent';
      });
    });
  });
