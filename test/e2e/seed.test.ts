// The seed's scenario as its user runs it: the article's manifests, node ports, a certificate of one's own CA, real MariaDB.
import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CertificateFiles, createCertificates } from '../../examples/seed/create-certificates.ts';
import { type Backend, startHttpBackend } from './harness/backend.ts';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { freePort } from './harness/free-ports.ts';
import { type Address, createManifestFolder, type ManifestFolder, service } from './harness/manifests.ts';
import { type MariadbServer, mariadbSkip, queryMariadb, startMariadb } from './harness/mariadb.ts';
import { sendRequest } from './harness/send-request.ts';
import { repositoryRoot, startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';

const host = 'counter.lab.example.com';
const manifests = join(repositoryRoot, 'examples/seed/manifests');

/** The example's manifests, with node ports that are free here in place of 30000, 30443 and 30306. */
function seedManifests(nodePorts: Readonly<Record<number, number>>, counter: Address, mysql: Address): ManifestFolder {
  const read = (name: string): string => readFileSync(join(manifests, name), 'utf8');
  const endpoints = [...service('counter', [counter]), ...service('mysql', [mysql], 'tcp-mysql', 3306)];
  return createManifestFolder({
    'gateway.yaml': read('gateway.yaml'),
    'virtual-services.yaml': read('virtual-services.yaml'),
    'applications.yaml': read('applications.yaml'),
    'mesh.yaml': read('mesh.yaml'),
    'ingressgateway-service.yaml': read('ingressgateway-service.yaml').replaceAll(
      /nodePort: (\d+)/g,
      (_, port: string) => `nodePort: ${nodePorts[Number(port)]}`,
    ),
    'endpoints.yaml': endpoints.filter((manifest) => manifest.kind === 'EndpointSlice'),
  });
}

describe('the seed', () => {
  let certificates: CertificateFiles;
  let counter: Backend;
  let mariadb: MariadbServer | undefined;
  const temporary = mkdtempSync(join(tmpdir(), 'tidegate-seed-'));

  before(async () => {
    certificates = await createCertificates(join(temporary, 'certs'), [host], ['127.0.0.1']);
    // MariaDB reads its copy as another user.
    const readable = join(temporary, 'mariadb-certs');
    cpSync(certificates.folder, readable, { recursive: true });
    for (const path of [temporary, readable]) chmodSync(path, 0o755);
    for (const file of ['ca.crt', 'tls.crt', 'tls.key']) chmodSync(join(readable, file), 0o644);
    counter = await startHttpBackend('counter');
    if (mariadbSkip === false)
      mariadb = await startMariadb({
        ca: join(readable, 'ca.crt'),
        certificate: join(readable, 'tls.crt'),
        key: join(readable, 'tls.key'),
      });
  });
  after(async () => {
    await mariadb?.stop();
    await counter?.stop();
    rmSync(temporary, { recursive: true, force: true });
  });

  for (const dataPlane of dataPlaneNames)
    describe(`on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
      const nodePorts: Record<number, number> = {};
      let folder: ManifestFolder;
      let tidegate: TidegateProcess;

      before(async () => {
        for (const port of [30000, 30443, 30306]) nodePorts[port] = await freePort();
        folder = seedManifests(nodePorts, counter, mariadb ?? { address: '127.0.0.1', port: await freePort() });
        tidegate = await startTidegate({
          manifests: [folder.path],
          dataPlane,
          mounts: { '/etc/istio/ingressgateway-certs': certificates.folder },
        });
      });
      after(async () => {
        await tidegate?.stop();
        folder?.dispose();
      });

      it('serves the counter over HTTP on its node port', async () => {
        const answer = await sendRequest({ port: nodePorts[30000]!, host, path: '/hello' });
        assert.deepEqual([answer.status, answer.body], [200, 'counter GET /hello']);
      });

      it('does not know other hosts', async () => {
        assert.equal((await sendRequest({ port: nodePorts[30000]!, host: 'other.example.com' })).status, 404);
      });

      it('serves the counter over HTTPS with a certificate that the CA vouches for', async () => {
        const ca = readFileSync(certificates.ca, 'utf8');
        const answer = await sendRequest({ port: nodePorts[30443]!, host, path: '/secure', ca });
        assert.deepEqual([answer.status, answer.body], [200, 'counter GET /secure']);
      });

      it('prints the ports table and says which node port serves what', async () => {
        const { code, stdout } = await tidegate.command('ports');
        assert.equal(code, 0);
        for (const [gatewayPort, nodePort] of [
          [80, 30000],
          [443, 30443],
          [3306, 30306],
        ] as const)
          assert.match(stdout, new RegExp(`\\b${gatewayPort}\\b.*\\b${nodePorts[nodePort]}\\b`));
        assert.match(tidegate.stdout(), /ready/);
      });

      it('has no complaint about the example', async () => {
        assert.deepEqual(await tidegate.diagnostics(), []);
      });

      describe('with the mariadb client', { skip: mariadbSkip }, () => {
        const server = (): { port: number; user: string; password: string } => ({
          port: nodePorts[30306]!,
          user: mariadb!.user,
          password: mariadb!.password,
        });

        it('reaches the server through the TCP node port', async () => {
          assert.equal(await queryMariadb(server(), 'SELECT 40 + 2'), '42');
        });

        it('negotiates TLS inside the connection and verifies the certificate, as current clients insist on', async () => {
          const flags = ['--ssl', `--ssl-ca=${certificates.ca}`, '--ssl-verify-server-cert'];
          const row = await queryMariadb(server(), "SHOW STATUS LIKE 'Ssl_cipher'", flags);
          assert.match(row, /^Ssl_cipher\tTLS_/);
        });

        it('writes, and reads megabytes back', async () => {
          const statements = [
            'CREATE OR REPLACE TABLE visits.page (id INT PRIMARY KEY, body LONGTEXT)',
            "INSERT INTO visits.page SELECT 1, REPEAT('tide', 1048576)",
            'SELECT body FROM visits.page',
          ];
          const body = await queryMariadb(server(), statements.join(';'), ['--max-allowed-packet=64M']);
          assert.equal(body.length, 4 * 1048576);
        });
      });
    });
});
