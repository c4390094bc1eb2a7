// What proxy-status tells: all in sync over both xDS variants, and what a real rejection by Envoy looks like.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Backend, startHttpBackend } from './harness/backend.ts';
import { type DataPlaneName, envoyBinary, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  httpsServer,
  type ManifestFolder,
  routeTo,
  service,
  virtualService,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { repositoryRoot, startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const certs = join(repositoryRoot, 'test/corpus/certs');

interface Variant {
  readonly dataPlane: DataPlaneName;
  readonly protocol: 'delta' | 'sotw';
}
const variants: readonly Variant[] = [
  { dataPlane: 'embedded', protocol: 'delta' },
  { dataPlane: 'envoy', protocol: 'delta' },
  { dataPlane: 'envoy', protocol: 'sotw' },
];

for (const { dataPlane, protocol } of variants)
  describe(`proxy-status of ${dataPlane} over ${protocol}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backend: Backend;
    let folder: ManifestFolder;
    let tidegate: TidegateProcess;
    let port = 0;

    before(async () => {
      backend = await startHttpBackend('web');
      folder = createManifestFolder({
        'all.yaml': [
          gateway([
            httpServer(),
            httpsServer(['a.example.com'], { serverCertificate: '/etc/certs/a.crt', privateKey: '/etc/certs/a.key' }),
          ]),
          ...service('web', [backend]),
          routeTo('a.example.com', 'web'),
        ],
      });
      const portMap = await portMapFor([80, 443]);
      port = portMap[80]!;
      tidegate = await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap,
        mounts: { '/etc/certs': certs },
        args: ['--xds-protocol', protocol],
      });
    });
    after(async () => {
      await tidegate?.stop();
      folder?.dispose();
      await backend?.stop();
    });

    const expectAllMatch = async (): Promise<void> => {
      const { code, stdout } = await tidegate.command('proxy-status', 'istio-ingressgateway');
      assert.deepEqual(
        [
          code,
          ...stdout
            .trim()
            .split('\n')
            .filter((line) => /^(Clusters|Listeners|Routes) /.test(line))
            .sort(),
        ],
        [0, 'Clusters Match', 'Listeners Match', 'Routes Match'],
      );
    };

    it('says SYNCED for every type that was sent', async () => {
      const { code, stdout, stderr } = await tidegate.command('proxy-status');
      const row = stdout.split('\n').find((line) => line.startsWith('istio-ingressgateway.istio-system'));
      assert.equal(code, 0, `${stdout}${stderr}`);
      assert.ok(row !== undefined && (row.match(/SYNCED/g) ?? []).length >= 4, stdout);
      assert.doesNotMatch(stdout, /STALE|ERROR/);
      assert.ok(row.toLowerCase().includes(protocol), stdout);
    });

    it('says that clusters, listeners and routes match', expectAllMatch);

    it('still says so after edits', async () => {
      for (const host of ['b.example.com', 'c.example.com', 'd.example.com']) {
        folder.replace('more.yaml', [routeTo(host, 'web')]);
        await waitUntil(`${host} to be served`, async () => (await sendRequest({ port, host })).status === 200);
      }
      folder.remove('more.yaml');
      await waitUntil(
        'the removed host to be gone',
        async () => (await sendRequest({ port, host: 'd.example.com' })).status === 404,
      );
      await expectAllMatch();
    });

    it('sends everything again on --resync, without a restart', async () => {
      const { code, stdout, stderr } = await tidegate.command('proxy-status', 'istio-ingressgateway', '--resync');
      assert.equal(code, 0, `${stdout}${stderr}`);
      assert.match(stdout, /^Routes Match$/m);
      assert.equal((await sendRequest({ port, host: 'a.example.com' })).status, 200);
    });
  });

describe('a configuration that Envoy rejects', { skip: skipDataPlane('envoy') }, () => {
  const temporary = mkdtempSync(join(tmpdir(), 'tidegate-nack-'));
  let backend: Backend;
  let folder: ManifestFolder;
  let tidegate: TidegateProcess;
  let port = 0;

  before(async () => {
    // Pilot sends nothing that it knows Envoy to refuse, so this Envoy is made to refuse what is fine: any regex.
    const pickyEnvoy = join(temporary, 'picky-envoy');
    const runtime = '{layered_runtime: {layers: [{name: picky, static_layer: {re2.max_program_size.error_level: 1}}]}}';
    writeFileSync(
      pickyEnvoy,
      `#!/bin/sh\ncase "$*" in *--version*) exec '${envoyBinary()}' "$@";; esac\nexec '${envoyBinary()}' "$@" --config-yaml '${runtime}'\n`,
    );
    chmodSync(pickyEnvoy, 0o755);
    backend = await startHttpBackend('web');
    folder = createManifestFolder({
      'all.yaml': [gateway([httpServer()]), ...service('web', [backend]), routeTo('good.example.com', 'web')],
    });
    const portMap = await portMapFor([80]);
    port = portMap[80]!;
    tidegate = await startTidegate({
      manifests: [folder.path],
      dataPlane: 'envoy',
      portMap,
      env: { TIDEGATE_ENVOY: pickyEnvoy },
    });
  });
  after(async () => {
    await tidegate?.stop();
    folder?.dispose();
    await backend?.stop();
    rmSync(temporary, { recursive: true, force: true });
  });

  it('shows ERROR with the text of Envoy and the object it comes from, and the last good one stays', async () => {
    folder.replace('rejected.yaml', [
      virtualService('with-regex', ['regex.example.com'], {
        http: [{ match: [{ uri: { regex: '/a+' } }], route: [{ destination: { host: 'web' } }] }],
      }),
    ]);
    const status = await waitUntil('proxy-status to show the rejection', async () => {
      const result = await tidegate.command('proxy-status');
      return result.stdout.includes('ERROR') && result;
    });
    assert.equal(status.code, 1);
    assert.match(status.stdout, /max program size/);
    assert.match(status.stdout, /VirtualService\/default\/with-regex/);
    assert.ok((await tidegate.diagnostics()).some(({ code }) => code === 'TG0021'));
    assert.equal((await sendRequest({ port, host: 'good.example.com' })).status, 200);
  });

  it('is SYNCED again when the object is gone', async () => {
    folder.remove('rejected.yaml');
    await waitUntil('proxy-status to be fine again', async () => (await tidegate.command('proxy-status')).code === 0);
    const { stdout } = await tidegate.command('proxy-status', 'istio-ingressgateway');
    assert.match(stdout, /^Routes Match$/m);
    assert.equal((await sendRequest({ port, host: 'good.example.com' })).status, 200);
  });
});
