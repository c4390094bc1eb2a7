// Certificate files as they come, change and break: what is served, and what the user is told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { SecretSchema } from '../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { fileCertificateName, fileRootName } from '../../xds/resource-names.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import { issueTestCertificate, mountLikeKubernetes } from './certificate.fixture.ts';
import { createMountedSecrets, type MountedSecrets, type MountedSecretsOptions } from './create-mounted-secrets.ts';

const container = '/etc/istio/ingressgateway-certs';
const name = fileCertificateName(`${container}/tls.crt`, `${container}/tls.key`);

function setUp(t: TestContext, options: MountedSecretsOptions = {}): { folder: string; secrets: MountedSecrets } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidegate-secrets-'));
  const secrets = createMountedSecrets({ mounts: { [container]: folder }, pollIntervalMs: 20, ...options });
  t.after(() => {
    secrets.close();
    fs.rmSync(folder, { recursive: true });
  });
  return { folder, secrets };
}

/** Certificate and key of the Secret that is served. */
function served(secrets: MountedSecrets, secretName = name): string[] | undefined {
  const resource = secrets.cache.current.get(typeUrls.secret)?.get(secretName);
  if (resource === undefined) return undefined;
  const { type } = fromBinary(SecretSchema, resource.bytes);
  const sources =
    type.case === 'tlsCertificate'
      ? [type.value.certificateChain, type.value.privateKey]
      : [type.case === 'validationContext' ? type.value.trustedCa : undefined];
  return sources.map((source) => Buffer.from(source?.specifier.value as Uint8Array).toString());
}

const changed = (secrets: MountedSecrets): Promise<unknown> =>
  new Promise((resolve) => {
    const end = secrets.cache.subscribe((diff) => {
      end();
      resolve(diff);
    });
  });

async function until(condition: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  while (!condition()) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('serves a pair as soon as it is requested', async (t) => {
  const { folder, secrets } = setUp(t);
  const pair = await issueTestCertificate('a.example.com');
  mountLikeKubernetes(folder, pair);
  assert.equal(served(secrets), undefined);
  secrets.request(name);
  assert.deepEqual(served(secrets), [pair.certificate, pair.key]);
  assert.deepEqual(secrets.diagnostics(), []);
});

test('follows the symlink swap of a mounted Kubernetes Secret', async (t) => {
  const { folder, secrets } = setUp(t);
  mountLikeKubernetes(folder, await issueTestCertificate('a.example.com'));
  secrets.request(name);
  for (let round = 0; round < 3; round += 1) {
    const pair = await issueTestCertificate('a.example.com');
    const change = changed(secrets);
    mountLikeKubernetes(folder, pair);
    await change;
    await until(() => served(secrets)?.[1] === pair.key);
    assert.deepEqual(served(secrets), [pair.certificate, pair.key]);
  }
});

test('serves files that appear later, even in a folder that was not there', async (t) => {
  const { folder, secrets } = setUp(t);
  fs.rmdirSync(folder);
  secrets.request(name);
  assert.equal(served(secrets), undefined);
  const [diagnostic] = secrets.diagnostics();
  assert.equal(diagnostic?.code, 'TG0012');
  assert.match(diagnostic?.message ?? '', /tls\.crt \(here .*\) does not exist/);
  assert.match(diagnostic?.remedy ?? '', /--mount \/etc\/istio\/ingressgateway-certs=DIR/);
  const pair = await issueTestCertificate('a.example.com');
  const change = changed(secrets);
  fs.mkdirSync(folder);
  mountLikeKubernetes(folder, pair);
  await change;
  await until(() => served(secrets)?.[1] === pair.key);
  assert.deepEqual(secrets.diagnostics(), []);
});

test('keeps the last good pair while the key does not belong to the certificate', async (t) => {
  const { folder, secrets } = setUp(t);
  const [first, second] = [await issueTestCertificate('a.example.com'), await issueTestCertificate('b.example.com')];
  mountLikeKubernetes(folder, first);
  secrets.request(name);
  mountLikeKubernetes(folder, { certificate: second.certificate, key: first.key });
  await until(() => secrets.diagnostics().length > 0);
  const [diagnostic] = secrets.diagnostics();
  assert.equal(diagnostic?.code, 'TG0013');
  assert.match(
    diagnostic?.message ?? '',
    /tls\.key .*does not belong to the certificate\. The last good version stays/,
  );
  assert.deepEqual(served(secrets), [first.certificate, first.key]);
  mountLikeKubernetes(folder, second);
  await until(() => secrets.diagnostics().length === 0);
  assert.deepEqual(served(secrets), [second.certificate, second.key]);
});

test('keeps the last good pair when the files are deleted', async (t) => {
  const { folder, secrets } = setUp(t);
  const pair = await issueTestCertificate('a.example.com');
  mountLikeKubernetes(folder, pair);
  secrets.request(name);
  fs.rmSync(path.join(folder, 'tls.key'));
  await until(() => secrets.diagnostics().length > 0);
  assert.equal(secrets.diagnostics()[0]?.code, 'TG0012');
  assert.deepEqual(served(secrets), [pair.certificate, pair.key]);
});

test('serves an expired certificate and warns', async (t) => {
  const { folder, secrets } = setUp(t, { now: () => Date.parse('2030-01-01T00:00:00Z') });
  const validity = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2021-01-01T00:00:00Z') };
  mountLikeKubernetes(folder, await issueTestCertificate('a.example.com', validity));
  secrets.request(name);
  assert.notEqual(served(secrets), undefined);
  const [diagnostic] = secrets.diagnostics();
  assert.equal(diagnostic?.code, 'TG0014');
  assert.equal(diagnostic?.severity, 'warning');
  assert.match(diagnostic?.message ?? '', /expired at 2021-01-01T00:00:00Z/);
});

test('serves roots, and says which block of a bundle is broken', async (t) => {
  const { folder, secrets } = setUp(t);
  const { certificate } = await issueTestCertificate('ca.example.com');
  const root = fileRootName(`${container}/ca.crt`);
  fs.writeFileSync(path.join(folder, 'ca.crt'), certificate);
  secrets.request(root);
  assert.deepEqual(served(secrets, root), [certificate]);
  fs.writeFileSync(
    path.join(folder, 'ca.crt'),
    `${certificate}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
  );
  await until(() => secrets.diagnostics().length > 0);
  assert.match(secrets.diagnostics()[0]?.message ?? '', /cannot be parsed \(number 2\)/);
  assert.deepEqual(served(secrets, root), [certificate]);
});

test('serves roots with their revocation list only, and follows it', async (t) => {
  const { folder, secrets } = setUp(t);
  const { certificate } = await issueTestCertificate('ca.example.com');
  const name = fileRootName(`${container}/ca.crt`, `${container}/ca.crl`);
  const list = path.join(folder, 'ca.crl');
  fs.writeFileSync(path.join(folder, 'ca.crt'), certificate);
  secrets.request(name);
  assert.deepEqual(served(secrets, name), undefined);
  assert.match(secrets.diagnostics()[0]?.message ?? '', /ca\.crl .*does not exist/);
  fs.writeFileSync(list, '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n');
  await until(() => /has no revocation list/.test(secrets.diagnostics()[0]?.message ?? ''));
  fs.copyFileSync(path.join(import.meta.dirname, '../../../test/e2e/certificates/none-revoked.crl'), list);
  await until(() => served(secrets, name) !== undefined);
  assert.deepEqual(served(secrets, name), [certificate]);
  assert.deepEqual(secrets.diagnostics(), []);
});

test('tells what is wrong with files that can never serve', async (t) => {
  const { folder, secrets } = setUp(t);
  const good = await issueTestCertificate('a.example.com');
  const crt = path.join(folder, 'tls.crt');
  const key = path.join(folder, 'tls.key');
  const weak = execFileSync(process.execPath, [
    '-e',
    "process.stdout.write(crypto.generateKeyPairSync('rsa',{modulusLength:1024}).privateKey.export({type:'pkcs8',format:'pem'}))",
  ]).toString();
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['garbage', good.key, /tls\.crt .* has no PEM block CERTIFICATE/],
    [good.certificate, 'garbage', /tls\.key .* has no private key in PEM/],
    [
      good.certificate,
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
      /encrypted/,
    ],
    [good.certificate, weak, /RSA key of 1024 bits/],
    ['x'.repeat(1024 * 1024 + 1), good.key, /larger than/],
  ];
  for (const [certificateText, keyText, expected] of cases) {
    fs.writeFileSync(crt, certificateText);
    fs.writeFileSync(key, keyText);
    secrets.request(name);
    assert.match(secrets.diagnostics()[0]?.message ?? '', expected);
    assert.equal(served(secrets), undefined);
    secrets.release(name);
  }
  fs.rmSync(crt);
  fs.mkdirSync(crt);
  secrets.request(name);
  assert.match(secrets.diagnostics()[0]?.message ?? '', /is not a file/);
});

test('never waits for a certificate that is a FIFO', async (t) => {
  const { folder, secrets } = setUp(t);
  execFileSync('mkfifo', [path.join(folder, 'tls.crt')]);
  secrets.request(name);
  assert.match(secrets.diagnostics()[0]?.message ?? '', /is not a file/);
});

test('ignores names that the gateway does not serve, and complaints end with the last user', async (t) => {
  const { secrets } = setUp(t);
  secrets.request('kubernetes://tls');
  secrets.request('file-cert:only-one');
  assert.deepEqual(secrets.diagnostics(), []);
  secrets.request(name);
  secrets.request(name);
  secrets.release(name);
  assert.equal(secrets.diagnostics().length, 1);
  secrets.release(name);
  secrets.release(name);
  assert.deepEqual(secrets.diagnostics(), []);
});

test('logs each problem once', async (t) => {
  const messages: string[] = [];
  const note = (_fields: object, message: string): void => void messages.push(message);
  const { folder, secrets } = setUp(t, { logger: { debug: note, info: note, warn: note, error: note } });
  secrets.request(name);
  const pair = await issueTestCertificate('a.example.com');
  const change = changed(secrets);
  mountLikeKubernetes(folder, pair);
  await change;
  await until(() => secrets.diagnostics().length === 0);
  assert.match(messages[0] ?? '', /does not exist/);
  assert.equal(messages.at(-1), 'certificate files are good again');
  assert.equal(new Set(messages).size, messages.length);
});

test('lets the process end while it watches', async () => {
  const script = `import { createMountedSecrets } from ${JSON.stringify(import.meta.resolve('./create-mounted-secrets.ts'))};
    createMountedSecrets().request('file-cert:/nonexistent/a~/nonexistent/b');
    createMountedSecrets().request(${JSON.stringify(`file-root:${import.meta.filename}`)});`;
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore', timeout: 10_000 });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test("serves the system's own authorities under Istio's name for them", (t) => {
  const { secrets } = setUp(t);
  secrets.request(fileRootName('system'));
  const [bundle] = served(secrets, fileRootName('system')) ?? [];
  const [diagnostic] = secrets.diagnostics();
  // A machine without any says where it looked.
  if (diagnostic === undefined) assert.match(bundle ?? '', /-----BEGIN CERTIFICATE-----/);
  else assert.match(diagnostic.message, /ca-certificates\.crt.* does not exist/);
});
