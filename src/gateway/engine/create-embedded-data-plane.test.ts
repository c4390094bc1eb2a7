// The embedded data plane from its options to its life: start, readiness, drain and stop, against a real pilot side.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import type { JsonObject } from '@bufbuild/protobuf';
import { createResourceCache } from '../../xds/cache/create-resource-cache.ts';
import type { ResourceCache } from '../../xds/cache/resource-cache.ts';
import type { ResourceSet, XdsResource } from '../../xds/resource.ts';
import { fileCertificateName, fileSecretCluster } from '../../xds/resource-names.ts';
import { createXdsServer } from '../../xds/server/create-xds-server.ts';
import type { RejectedUpdate } from '../../xds/server/xds-server.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';
import type { DataPlane } from '../data-plane.ts';
import { issueTestCertificate } from '../secrets/certificate.fixture.ts';
import { createMountedSecrets } from '../secrets/create-mounted-secrets.ts';
import * as resources from './config/resources.fixture.ts';
import { createEmbeddedDataPlane, type EmbeddedDataPlaneOptions } from './create-embedded-data-plane.ts';
import { cleanUpAfterEach, get, httpBackend, listen, until } from './engine-fixture.ts';

const { cleanups, keep } = cleanUpAfterEach();

type Content = Partial<Record<'cluster' | 'endpoint' | 'listener' | 'route' | 'secret', readonly JsonObject[]>>;

function resourceSet(content: Content, version: string): ResourceSet {
  const set = new Map<TypeUrl, Map<string, XdsResource>>();
  for (const [kind, items] of Object.entries(content)) {
    const typeUrl = typeUrls[kind as keyof typeof typeUrls];
    const { resources: received } = resources.update(typeUrl, items, [], version);
    set.set(typeUrl, new Map(received.map((item) => [item.name, { ...item, typeUrl, references: [], owners: [] }])));
  }
  return set;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = await listen(net.createServer());
  await probe.stop();
  return probe.port;
}

interface Lab {
  readonly dataPlane: DataPlane;
  readonly cache: ResourceCache;
  readonly rejected: RejectedUpdate[];
  readonly mount: string;
  set(content: Content, version?: string): void;
}

async function lab(options: Partial<EmbeddedDataPlaneOptions> = {}): Promise<Lab> {
  const cache = createResourceCache();
  const rejected: RejectedUpdate[] = [];
  const server = createXdsServer({ cacheFor: () => cache, observer: { rejected: (update) => rejected.push(update) } });
  const pilot = await server.listen('127.0.0.1:0');
  cleanups.push(() => server.close());
  const mount = fs.mkdtempSync(path.join(os.tmpdir(), 'tidegate-mount-'));
  const secrets = createMountedSecrets({ mounts: { '/etc/certs': mount }, pollIntervalMs: 20 });
  const dataPlane = createEmbeddedDataPlane({
    node: {
      name: 'gw',
      namespace: 'istio-system',
      address: '127.0.0.1',
      labels: {},
      dataPlane: 'embedded',
      version: '0',
    },
    pilot,
    secrets,
    ...options,
  });
  cleanups.push(async () => {
    await dataPlane.drain(50);
    secrets.close();
    fs.rmSync(mount, { recursive: true });
  });
  await dataPlane.start();
  return {
    dataPlane,
    cache,
    rejected,
    mount,
    set: (content, version = '1') => void cache.set(resourceSet(content, version)),
  };
}

const address = (port: number): JsonObject => ({
  address: { socket_address: { address: '127.0.0.1', port_value: port } },
});

function httpContent(port: number, backendPort: number, route: JsonObject = resources.routeTo('echo')): Content {
  return {
    cluster: [resources.cluster('echo')],
    endpoint: [resources.assignment('echo', [resources.endpoint('127.0.0.1', backendPort)])],
    listener: [resources.listener('0.0.0.0_80', port, address(port))],
    route: [resources.routes('http.80', [resources.virtualHost(['*'], [route])])],
  };
}

for (const workers of [1, 2])
  describe(`createEmbeddedDataPlane with ${workers} worker(s)`, () => {
    it('is ready when what pilot sent is served, and follows its changes without failing a request', async () => {
      const one = keep(await httpBackend((_request, response) => response.end('one')));
      const two = keep(await httpBackend((_request, response) => response.end('two')));
      const port = await freePort();
      const { dataPlane, set, rejected } = await lab({ workers });
      assert.equal(dataPlane.isReady(), false);
      set(httpContent(port, one.port));
      await dataPlane.ready();
      assert.equal((await get(port, '/')).body, 'one');
      assert.deepEqual(await dataPlane.listeners(), [
        { name: '0.0.0.0_80', address: '127.0.0.1', port, state: 'listening', error: undefined },
      ]);
      const agent = new http.Agent({ keepAlive: true });
      cleanups.push(async () => agent.destroy());
      set(httpContent(port, two.port), '2');
      const deadline = performance.now() + 5000;
      for (let last = ''; last !== 'two'; ) {
        assert.ok(performance.now() < deadline);
        const answer = await get(port, '/', { agent });
        assert.equal(answer.status, 200);
        last = answer.body;
      }
      assert.deepEqual(rejected, []);
      const dump = await dataPlane.configDump();
      assert.deepEqual(Object.fromEntries(Object.entries(dump).map(([type, held]) => [type, held.length])), {
        CDS: 1,
        EDS: 1,
        LDS: 1,
        RDS: 1,
        SDS: 0,
      });
    });

    it('names a port that another process has, serves the others, and takes it when it is free', async () => {
      const backend = keep(await httpBackend((_request, response) => response.end('ok')));
      const blocker = await listen(net.createServer());
      const port = await freePort();
      const { dataPlane, set } = await lab({ workers });
      const content = httpContent(port, backend.port);
      set({
        ...content,
        listener: [...(content.listener ?? []), resources.listener('0.0.0.0_81', blocker.port, address(blocker.port))],
      });
      await dataPlane.ready();
      assert.equal((await get(port, '/')).body, 'ok');
      const [diagnostic] = dataPlane.diagnostics();
      assert.equal(diagnostic?.code, 'TG0019');
      assert.match(diagnostic?.message ?? '', new RegExp(`Port ${blocker.port} is in use`));
      await blocker.stop();
      const deadline = performance.now() + 5000;
      while ((await dataPlane.listeners()).some(({ state }) => state !== 'listening')) {
        assert.ok(performance.now() < deadline);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.deepEqual(dataPlane.diagnostics(), []);
      assert.equal((await get(blocker.port, '/')).body, 'ok');
    });

    it('rejects what it cannot serve and keeps the last good', async () => {
      const backend = keep(await httpBackend((_request, response) => response.end('ok')));
      const port = await freePort();
      const { dataPlane, set, rejected } = await lab({ workers });
      set(httpContent(port, backend.port));
      await dataPlane.ready();
      set(httpContent(port, backend.port, resources.routeTo('echo', { safe_regex: { regex: '(' } })), '2');
      await until(() => rejected.length > 0);
      assert.equal(rejected[0]?.typeUrl, typeUrls.route);
      assert.equal((await get(port, '/')).body, 'ok');
    });

    it('serves certificates of mounted files, and follows them', async () => {
      const backend = keep(await httpBackend((_request, response) => response.end('ok')));
      const port = await freePort();
      const { dataPlane, set, mount } = await lab({ workers });
      const secretName = fileCertificateName('/etc/certs/tls.crt', '/etc/certs/tls.key');
      const chain = {
        filters: [resources.manager()],
        transport_socket: resources.tls([resources.sds(secretName, fileSecretCluster)]),
      };
      set({
        ...httpContent(port, backend.port),
        listener: [resources.listener('0.0.0.0_443', port, { ...address(port), filter_chains: [chain] })],
      });
      await dataPlane.ready();
      assert.equal(dataPlane.diagnostics()[0]?.code, 'TG0012');
      const subject = (): Promise<unknown> =>
        new Promise((resolve) => {
          const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
            resolve(socket.getPeerCertificate().subject?.CN);
            socket.destroy();
          });
          socket.on('error', () => resolve(undefined));
        });
      assert.equal(await subject(), undefined);
      for (const host of ['first.example.com', 'second.example.com']) {
        const pair = await issueTestCertificate(host);
        fs.writeFileSync(path.join(mount, 'tls.crt'), pair.certificate);
        fs.writeFileSync(path.join(mount, 'tls.key'), pair.key);
        const deadline = performance.now() + 5000;
        while ((await subject()) !== host) assert.ok(performance.now() < deadline, host);
      }
      assert.deepEqual(dataPlane.diagnostics(), []);
    });

    it('keeps access log lines and lets requests end when it drains', async () => {
      let finish: (() => void) | undefined;
      const backend = keep(
        await httpBackend((request, response) => {
          if (request.url === '/slow') finish = () => response.end('late');
          else response.end('quick');
        }),
      );
      const port = await freePort();
      const printed: string[] = [];
      const { dataPlane, set } = await lab({ workers, accessLogOutput: (line) => printed.push(line) });
      const log = {
        name: 'envoy.access_loggers.file',
        typed_config: {
          '@type': resources.type('extensions.access_loggers.file.v3.FileAccessLog'),
          path: '/dev/stdout',
          log_format: { text_format_source: { inline_string: '%REQ(:PATH)% %RESPONSE_CODE%\n' } },
        },
      };
      const chains = [{ filters: [resources.manager({ access_log: [log] })] }];
      set({
        ...httpContent(port, backend.port),
        listener: [resources.listener('0.0.0.0_80', port, { ...address(port), filter_chains: chains })],
      });
      await dataPlane.ready();
      const answer = get(port, '/slow');
      await until(() => finish !== undefined);
      const drained = dataPlane.drain(5000);
      await assert.rejects(async () => {
        for (;;) await get(port, '/other');
      }, /ECONNREFUSED|ECONNRESET|socket hang up/);
      finish?.();
      assert.equal((await answer).body, 'late');
      await drained;
      assert.equal(dataPlane.accessLog.recent().at(-1), '/slow 200');
      assert.deepEqual(printed, dataPlane.accessLog.recent());
      assert.equal(dataPlane.isReady(), false);
    });
  });

describe('createEmbeddedDataPlane', () => {
  it('is never ready once it was stopped before', async () => {
    const { dataPlane } = await lab();
    await dataPlane.drain(10);
    await assert.rejects(dataPlane.ready(), /stopped before it was ready/);
  });
});
