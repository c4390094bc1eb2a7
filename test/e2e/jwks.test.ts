// Keys that pilot fetches from an issuer (OpenID Connect Discovery over TLS): rotated, broken, gone and back, under running gateways.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  type Manifest,
  type ManifestFolder,
  virtualService,
} from './harness/manifests.ts';
import { type OidcServer, startOidcServer } from './harness/oidc-server.ts';
import { sendRequest } from './harness/send-request.ts';
import { signToken } from './harness/sign-token.ts';
import { startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const host = 'app.example.com';
const authentication = (...jwtRules: readonly Manifest[]): Manifest => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'RequestAuthentication',
  metadata: { name: 'tokens', namespace: 'istio-system' },
  spec: { jwtRules },
});
const route = virtualService('app', [host], {
  http: [
    {
      match: [{ headers: { '@request.auth.claims.sub': {} } }],
      directResponse: { status: 200, body: { string: 'known' } },
    },
    { directResponse: { status: 200, body: { string: 'unknown' } } },
  ],
});

for (const dataPlane of dataPlaneNames)
  describe(`fetched keys on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let oidc: OidcServer;
    let folder: ManifestFolder;
    let trust = '';
    let tidegate: TidegateProcess;
    let port = 0;

    before(async () => {
      oidc = await startOidcServer();
      oidc.publish('rsa');
      trust = mkdtempSync(join(tmpdir(), 'tidegate-trust-'));
      writeFileSync(join(trust, 'ca.crt'), oidc.certificate);
      folder = createManifestFolder({
        'gateway.yaml': [gateway([httpServer()])],
        'route.yaml': [route],
        'tokens.yaml': [
          authentication(
            { issuer: oidc.issuer },
            { issuer: 'nobody', jwks_uri: 'http://127.0.0.1:1/keys' },
            { issuer: 'email@example.com' },
          ),
        ],
      });
      const portMap = await portMapFor([80]);
      port = portMap[80] ?? 0;
      tidegate = await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap,
        args: ['--jwks-refresh', '100ms'],
        env: { NODE_EXTRA_CA_CERTS: join(trust, 'ca.crt') },
      });
    });
    after(async () => {
      await tidegate?.stop();
      folder?.dispose();
      await oidc?.stop();
      if (trust !== '') rmSync(trust, { recursive: true, force: true });
    });

    const answerTo = async (key: string, alg: string, issuer = oidc.issuer): Promise<string> => {
      const token = signToken({ key, alg, claims: { iss: issuer, sub: 'alice' } });
      const { status, body } = await sendRequest({ port, host, headers: { authorization: `Bearer ${token}` } });
      return `${status} ${body}`;
    };
    const findings = async (): Promise<readonly string[]> =>
      (await tidegate.diagnostics())
        .filter(({ code }) => code === 'TG0032')
        .map(({ path, message }) => `${path} ${message.replaceAll(oidc.issuer, 'OIDC')}`)
        .sort();
    const nobody = [
      'spec.jwtRules[1].jwksUri The keys of issuer nobody could not be fetched from http://127.0.0.1:1/keys: ',
      'spec.jwtRules[2].issuer The keys of issuer email@example.com cannot be found: ',
    ];

    it('count from the first request on', async () => {
      assert.equal(await answerTo('rsa', 'RS256'), '200 known');
      assert.equal((await sendRequest({ port, host })).body, 'unknown');
    });

    it('are missed by name where there are none, and the tokens refused', async () => {
      for (const [i, finding] of (await findings()).entries()) assert.ok(finding.startsWith(nobody[i] ?? '-'), finding);
      assert.equal((await findings()).length, 2);
      assert.match(await answerTo('rsa', 'RS256', 'nobody'), /^401 /);
    });

    it('rotate', async () => {
      oidc.publish('p256', 'rsa');
      await waitUntil('the new key', async () => (await answerTo('p256', 'ES256')) === '200 known');
      assert.equal(await answerTo('rsa', 'RS256'), '200 known');
      oidc.publish('p256');
      await waitUntil('the old key to be refused', async () => /^401 /.test(await answerTo('rsa', 'RS256')));
      assert.equal(await answerTo('p256', 'ES256'), '200 known');
    });

    for (const [name, problem, answer] of [
      ['their server fails', /it answered 500\. The keys before stay in force\.$/, 500],
      ['they are garbage', /are no JSON\. The keys before stay in force\.$/, '<html>'],
      ['there is none that can be used', /have none that can be used/, '{"keys":[]}'],
      ['they are huge', /are longer than 256 KiB/, ' '.repeat(1 << 20)],
    ] as const)
      it(`stay as they were where ${name}, which is said`, async () => {
        oidc.breakKeys((_, response) =>
          typeof answer === 'number' ? response.writeHead(answer).end() : response.end(answer),
        );
        await waitUntil('the finding', async () => (await findings()).some((finding) => problem.test(finding)));
        assert.equal(await answerTo('p256', 'ES256'), '200 known');
        oidc.publish('p256');
        await waitUntil('the finding to go', async () => (await findings()).length === 2);
      });

    it('move with their issuer, and nobody is refused meanwhile', async () => {
      folder.replace('tokens.yaml', [authentication({ issuer: oidc.issuer, jwksUri: `${oidc.issuer}/moved` })]);
      await waitUntil('the other issuers to go', async () => {
        assert.equal(await answerTo('p256', 'ES256'), '200 known');
        return (await findings()).length === 0;
      });
      oidc.publish('ed25519');
      await waitUntil('the keys of the new place', async () => (await answerTo('ed25519', 'EdDSA')) === '200 known');
    });

    it('are fetched no more once nobody needs them', async () => {
      folder.replace('tokens.yaml', [authentication()]);
      await waitUntil('tokens to be of no interest', async () => (await answerTo('p256', 'ES256')) === '200 unknown');
      const { issuer } = oidc;
      const [fetches, other] = [oidc.fetches(), await startOidcServer()];
      other.publish('rsa');
      folder.replace('tokens.yaml', [authentication({ issuer: other.issuer, jwksUri: 'https://localhost:1/' })]);
      await waitUntil('the new rules', async () => (await findings()).length === 1);
      await other.stop();
      assert.ok(oidc.fetches() <= fetches + 1, issuer);
    });
  });
