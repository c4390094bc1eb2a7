// Everything a user can get wrong, one by one beside a good host that must go on answering: each is a Diagnostic with its place.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Diagnostic } from '../../src/lib/diagnostic.ts';
import { type Backend, startHttpBackend } from './harness/backend.ts';
import { dataPlaneNames, skipDataPlane } from './harness/data-planes.ts';
import { portMapFor } from './harness/free-ports.ts';
import { startLoad } from './harness/load-generator.ts';
import {
  createManifestFolder,
  gateway,
  httpServer,
  httpsServer,
  type Manifest,
  type ManifestFolder,
  routeTo,
  service,
  tcpServer,
  toYaml,
  virtualService,
} from './harness/manifests.ts';
import { sendRequest } from './harness/send-request.ts';
import { repositoryRoot, startTidegate, type TidegateProcess } from './harness/tidegate-process.ts';
import { waitUntil } from './harness/wait-until.ts';

const certs = join(repositoryRoot, 'test/corpus/certs');
const base64 = (file: string): string => readFileSync(join(certs, file)).toString('base64');
const host = 'good.example.com';
/** After good.yaml in the order of files: between two claims of one port, the first one counts. */
const badFile = 'later.yaml';

function secret(name: string, certificate: string, key: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'istio-system' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) },
  };
}

const tlsGateway = (tls: Manifest): Manifest => gateway([httpsServer(['bad.example.com'], tls)], 'bad');
const fileTls = (name: string): Manifest =>
  tlsGateway({ serverCertificate: `/etc/certs/${name}.crt`, privateKey: `/etc/certs/${name}.key` });
const manyLines = 'key: [unclosed, "string\n  - : : }{ \u0001\n'.repeat(2);

interface BadInput {
  readonly name: string;
  readonly codes: readonly string[];
  /** The file cannot be read at all, so there is no line to point at. */
  readonly wholeFile?: true;
  /** Content of the file `later.yaml`, or what puts that file there in another way. */
  readonly content?: readonly Manifest[] | string;
  readonly place?: (path: string) => void;
}

const badInputs: readonly BadInput[] = [
  { name: 'a certificate file that is missing', codes: ['TG0012'], content: [fileTls('missing')] },
  { name: 'a certificate file that cannot be read', codes: ['TG0012'], content: [fileTls('unreadable')] },
  { name: 'a certificate file without a certificate', codes: ['TG0013'], content: [fileTls('garbage')] },
  {
    name: 'a key file that does not fit',
    codes: ['TG0013'],
    content: [tlsGateway({ serverCertificate: '/etc/certs/a.crt', privateKey: '/etc/certs/b.key' })],
  },
  {
    name: 'a Secret whose key does not fit',
    codes: ['TG0013', 'TG0015'],
    content: [secret('unfit', 'a.crt', 'b.key'), tlsGateway({ credentialName: 'unfit' })],
  },
  {
    name: 'a Secret that is missing',
    codes: ['TG0015', 'IST0101'],
    content: [tlsGateway({ credentialName: 'nowhere' })],
  },
  { name: 'a Gateway without servers', codes: ['TG0009', 'IST0106'], content: [gateway([], 'bad')] },
  {
    name: 'a VirtualService that names no such gateway',
    codes: ['IST0101'],
    content: [virtualService('bad', ['bad.example.com'], { gateways: ['istio-system/nowhere'], http: [] })],
  },
  {
    name: 'a VirtualService that names no such service',
    codes: ['IST0101'],
    content: [routeTo('bad.example.com', 'nowhere', 'bad')],
  },
  {
    name: 'a port that two servers want differently',
    codes: ['TG0011', 'IST0145'],
    content: [gateway([tcpServer(80)], 'zz-bad')],
  },
  {
    name: 'an invalid regex',
    codes: ['TG0016'],
    content: [
      virtualService('bad', ['bad.example.com'], {
        http: [{ match: [{ uri: { regex: '/(?!x)[' } }], route: [{ destination: { host: 'web' } }] }],
      }),
    ],
  },
  {
    name: 'a name that is used twice',
    codes: ['TG0004'],
    content: [routeTo('bad.example.com', 'web', 'twice'), routeTo('worse.example.com', 'web', 'twice')],
  },
  {
    name: 'a field of the wrong type',
    codes: ['IST0106'],
    content: [virtualService('bad', ['bad.example.com'], { http: 'all of it' })],
  },
  { name: 'a document that is not YAML', codes: ['TG0002'], content: 'a: [b\nc: }' },
  {
    name: '10 MiB of garbage',
    codes: ['TG0002', 'TG0005'],
    content: manyLines.repeat(Math.ceil((10 << 20) / manyLines.length)),
  },
  { name: 'brackets that never close', codes: ['TG0002', 'TG0005'], content: '['.repeat(1 << 20) },
  {
    name: 'an alias bomb',
    codes: ['TG0002', 'TG0005'],
    content: `a0: &a0 [x, x]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}]\n`).join('')}`,
  },
  {
    name: 'a file without an end',
    codes: ['TG0001', 'TG0005'],
    place: (path) => symlinkSync('/dev/zero', path),
    wholeFile: true,
  },
  {
    name: 'a pipe that nobody writes to',
    codes: ['TG0001'],
    place: (path) => execFileSync('mkfifo', [path]),
    wholeFile: true,
  },
  {
    name: 'a link to nothing',
    codes: ['TG0001'],
    place: (path) => symlinkSync('/nowhere/at/all.yaml', path),
    wholeFile: true,
  },
];

for (const dataPlane of dataPlaneNames)
  describe(`bad input on ${dataPlane}`, { skip: skipDataPlane(dataPlane) }, () => {
    let backend: Backend;
    let folder: ManifestFolder;
    let tidegate: TidegateProcess;
    let port = 0;
    const mounted = mkdtempSync(join(tmpdir(), 'tidegate-bad-certs-'));

    before(async () => {
      for (const file of ['a.crt', 'a.key', 'b.key'])
        writeFileSync(join(mounted, file), readFileSync(join(certs, file)));
      // A folder in the place of a file cannot be read by anybody, not even by root.
      for (const file of ['unreadable.crt', 'unreadable.key']) mkdirSync(join(mounted, file));
      for (const file of ['garbage.crt', 'garbage.key']) writeFileSync(join(mounted, file), 'not PEM');
      backend = await startHttpBackend('web');
      folder = createManifestFolder({
        'good.yaml': [gateway([httpServer()]), ...service('web', [backend]), routeTo(host, 'web')],
      });
      const portMap = await portMapFor([80, 443]);
      port = portMap[80]!;
      tidegate = await startTidegate({
        manifests: [folder.path],
        dataPlane,
        portMap,
        mounts: { '/etc/certs': mounted },
      });
    });
    after(async () => {
      await tidegate?.stop();
      folder?.dispose();
      await backend?.stop();
      rmSync(mounted, { recursive: true, force: true });
    });

    const isAbout = (diagnostic: Diagnostic, file: string): boolean => diagnostic.file?.endsWith(`/${file}`) ?? false;

    for (const { name, codes, content, place, wholeFile } of badInputs)
      it(name, async () => {
        const load = startLoad({ port, host, connections: 2 });
        try {
          if (content !== undefined) folder.replace(badFile, content);
          else place?.(folder.file(badFile));
          const diagnostic = await waitUntil(`a diagnostic ${codes.join(' or ')} about ${badFile}`, async () => {
            const all = await tidegate.diagnostics();
            const found = all.find((entry) => isAbout(entry, badFile) && codes.includes(entry.code));
            if (found === undefined) throw new Error(`there are only ${JSON.stringify(all)}`);
            return found;
          });
          const hasPlace = (diagnostic.line ?? 0) >= 1 && (diagnostic.column ?? 0) >= 1;
          assert.ok(hasPlace || wholeFile, JSON.stringify(diagnostic));
          assert.ok(diagnostic.message.length > 10 && diagnostic.remedy.length > 10, JSON.stringify(diagnostic));
          const enough = load.succeeded() + 20;
          await waitUntil('the good host to go on answering', () => load.succeeded() >= enough);
        } finally {
          folder.remove(badFile);
          const report = await load.stop();
          assert.deepEqual(report.failures, []);
        }
        await waitUntil('the diagnostic to go with its cause', async () => {
          const left = (await tidegate.diagnostics()).filter((entry) => isAbout(entry, badFile));
          if (left.length > 0) throw new Error(`there is still ${JSON.stringify(left)}`);
          return true;
        });
      });

    it('keeps the last good content of a file that breaks, and takes the repaired one', async () => {
      const load = startLoad({ port, host, connections: 2 });
      const good = readFileSync(folder.file('good.yaml'), 'utf8');
      folder.replace('good.yaml', `${good.slice(0, 600)}\n  broken: [`);
      await waitUntil('a diagnostic about good.yaml', async () =>
        (await tidegate.diagnostics()).some((entry) => isAbout(entry, 'good.yaml') && entry.severity === 'error'),
      );
      const enough = load.succeeded() + 50;
      await waitUntil('the host to go on answering', () => load.succeeded() >= enough);
      folder.replace('good.yaml', `${good}---\n${toYaml([routeTo('new.example.com', 'web')])}`);
      await waitUntil(
        'the repaired file to be in force',
        async () => (await sendRequest({ port, host: 'new.example.com' })).status === 200,
      );
      assert.deepEqual((await load.stop()).failures, []);
    });

    it('serves 5,000 rules of one VirtualService, with broken ones at the end', async () => {
      const load = startLoad({ port, host, connections: 2 });
      const rules = Array.from({ length: 5000 }, (_, i) => ({
        match: [{ uri: { prefix: `/rule-${i}/` }, headers: { 'x-rule': { regex: `a${i}.*` } } }],
        directResponse: { status: 200, body: { string: String(i) } },
      }));
      const broken = [
        { match: [{ uri: { regex: '((a{1,100}){1,100}){1,100}' } }], directResponse: { status: 200 } },
        { match: [{ uri: 7 }], directResponse: { status: 200 } },
        null,
        {},
      ];
      folder.replace('many.yaml', [virtualService('many', ['many.example.com'], { http: [...rules, ...broken] })]);
      const ask = (path: string, rule: string) =>
        sendRequest({ port, host: 'many.example.com', path, headers: { 'x-rule': rule } });
      await waitUntil('the last rule to answer', async () => (await ask('/rule-4999/x', 'a4999b')).body === '4999');
      assert.equal((await ask('/rule-0/x', 'a0')).body, '0');
      // Nobody knows what the broken ones would have taken.
      assert.equal((await ask('/rule-0/x', 'b')).status, 500);
      const said = (await tidegate.diagnostics()).filter((entry) => isAbout(entry, 'many.yaml'));
      for (const [field, about] of [
        ['spec.http[5000].match[0].uri.regex', 'a program too large'],
        ['spec.http[5001].match[0].uri', 'a wrong type'],
        ['spec.http[5002]', 'a null entry'],
        ['spec.http[5003]', 'a rule without action'],
      ] as const)
        assert.ok(
          said.some((entry) => entry.path?.startsWith(field) && (entry.line ?? 0) > 5000),
          about,
        );
      folder.remove('many.yaml');
      await waitUntil('the host to go', async () => (await ask('/rule-0/x', 'a0')).status === 404);
      assert.deepEqual((await load.stop()).failures, []);
    });

    it('serves what is good when it starts with everything bad around', async () => {
      await tidegate.stop();
      mkdirSync(folder.file('more'));
      badInputs.forEach(({ content, place }, index) => {
        const path = folder.file(join('more', `bad-${String(index).padStart(2, '0')}.yaml`));
        if (content === undefined) place?.(path);
        else writeFileSync(path, typeof content === 'string' ? content : toYaml(content));
      });
      const portMap = await portMapFor([80, 443]);
      tidegate = await startTidegate({
        manifests: [folder.path, folder.file('more')],
        dataPlane,
        portMap,
        mounts: { '/etc/certs': mounted },
      });
      assert.equal((await sendRequest({ port: portMap[80]!, host })).status, 200);
    });
  });
