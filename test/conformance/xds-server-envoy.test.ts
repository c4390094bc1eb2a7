// Real Envoy as the client of the xDS server, over SotW and over delta: warming, order, rejections, and secrets that are not there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createRegistry, type DescMessage, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { buildBootstrap, type XdsProtocol } from '../../src/gateway/envoy/build-bootstrap.ts';
import { envoyBinary, freePort, skipWithoutEnvoy } from '../../src/gateway/envoy/envoy.fixture.ts';
import { parseConfigDump } from '../../src/gateway/envoy/parse-config-dump.ts';
import { compareConfig } from '../../src/pilot/status/compare-config.ts';
import { dumpResources } from '../../src/pilot/status/dump-resources.ts';
import { createResourceCache } from '../../src/xds/cache/create-resource-cache.ts';
import type { ResourceCache } from '../../src/xds/cache/resource-cache.ts';
import { ClusterSchema } from '../../src/xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../src/xds/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { ListenerSchema } from '../../src/xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../src/xds/generated/envoy/config/route/v3/route_pb.ts';
import { RouterSchema } from '../../src/xds/generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import { HttpConnectionManagerSchema } from '../../src/xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { DownstreamTlsContextSchema } from '../../src/xds/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { createXdsResource, type ResourceReference, type XdsResource } from '../../src/xds/resource.ts';
import { createXdsServer } from '../../src/xds/server/create-xds-server.ts';
import type { TypeStatus, XdsServer } from '../../src/xds/server/xds-server.ts';
import { type TypeUrl, typeUrls } from '../../src/xds/type-urls.ts';
import { waitFor } from './wait-for.ts';
import { resourceSet } from './xds-fixtures.ts';

const registry = createRegistry(HttpConnectionManagerSchema, RouterSchema, DownstreamTlsContextSchema);
const typed = (desc: DescMessage, fields: JsonObject): JsonObject => ({
  '@type': `type.googleapis.com/${desc.typeName}`,
  ...fields,
});
/** 0s as Istio has it: Envoy then waits for ever, so that every answer it needs is seen to be missing. */
const ads = { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' };

const make = (typeUrl: TypeUrl, desc: DescMessage, name: string, json: JsonObject, references: ResourceReference[]) =>
  createXdsResource(typeUrl, desc, name, fromJson(desc, json, { registry }), { references });

const cluster = (name: string, connectTimeout = '1s'): XdsResource =>
  make(
    typeUrls.cluster,
    ClusterSchema,
    name,
    { name, type: 'EDS', connectTimeout, edsClusterConfig: { edsConfig: ads } },
    [{ typeUrl: typeUrls.endpoint, name }],
  );

const endpoints = (name: string, port: number): XdsResource => {
  const address = { socketAddress: { address: '127.0.0.1', portValue: port } };
  const json = { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] };
  return make(typeUrls.endpoint, ClusterLoadAssignmentSchema, name, json, []);
};

const route = (name: string, to: string): XdsResource => {
  const routes = [{ match: { prefix: '/' }, route: { cluster: to } }];
  const json = { name, virtualHosts: [{ name: 'all', domains: ['*'], routes }], validateClusters: false };
  return make(typeUrls.route, RouteConfigurationSchema, name, json, [{ typeUrl: typeUrls.cluster, name: to }]);
};

interface ListenerOptions {
  readonly secret?: string;
  readonly secretTimeout?: string;
  readonly statPrefix?: string;
}

const listener = (name: string, port: number, routeName: string, options: ListenerOptions = {}): XdsResource => {
  const manager = typed(HttpConnectionManagerSchema, {
    statPrefix: options.statPrefix ?? 'test',
    rds: { routeConfigName: routeName, configSource: ads },
    httpFilters: [{ name: 'envoy.filters.http.router', typedConfig: typed(RouterSchema, {}) }],
  });
  const sdsConfig = { ...ads, initialFetchTimeout: options.secretTimeout ?? '0s' };
  const tls = typed(DownstreamTlsContextSchema, {
    commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: options.secret ?? '', sdsConfig }] },
  });
  const json: JsonObject = {
    name,
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [
      {
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig: manager }],
        ...(options.secret ? { transportSocket: { name: 'envoy.transport_sockets.tls', typedConfig: tls } } : {}),
      },
    ],
  };
  const references: ResourceReference[] = [{ typeUrl: typeUrls.route, name: routeName }];
  return make(typeUrls.listener, ListenerSchema, name, json, references);
};

async function startBackend(t: TestContext, answer: string): Promise<number> {
  const server = http.createServer((_, response) => response.end(answer)).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Status and body; undefined if nobody answers. */
function request(options: http.RequestOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = http.get({ agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(`${response.statusCode} ${Buffer.concat(chunks).toString()}`));
      response.on('error', () => resolve(undefined));
    });
    sent.on('error', () => resolve(undefined));
  });
}

const get = (port: number) => request({ host: '127.0.0.1', port });

interface Scenario {
  readonly cache: ResourceCache;
  readonly server: XdsServer;
  readonly rejections: string[];
  admin(path: string): Promise<string>;
  status(typeUrl: TypeUrl): TypeStatus | undefined;
}

async function startEnvoy(
  t: TestContext,
  protocol: XdsProtocol,
  ...resources: readonly XdsResource[]
): Promise<Scenario> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-envoy-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [adsSocket, sdsSocket, adminSocket] = ['ads', 'sds', 'admin'].map((name) => join(folder, `${name}.sock`));
  const cache = createResourceCache(resourceSet(...resources));
  const rejections: string[] = [];
  const server = createXdsServer({
    cacheFor: () => cache,
    observer: { rejected: ({ error }) => void rejections.push(error) },
  });
  t.after(() => server.close());
  await server.listen(`unix:${adsSocket}`);
  const node = {
    name: 'gw',
    namespace: 'ns',
    address: '127.0.0.1',
    labels: {},
    dataPlane: 'envoy',
    version: '0',
  } as const;
  const bootstrap = buildBootstrap({
    node,
    adsSocket: adsSocket!,
    sdsSocket: sdsSocket!,
    adminSocket: adminSocket!,
    xdsProtocol: protocol,
  });
  const config = join(folder, 'bootstrap.json');
  await writeFile(config, JSON.stringify(bootstrap));
  const envoy = spawn(
    envoyBinary,
    [
      '-c',
      config,
      '--disable-hot-restart',
      '--concurrency',
      '1',
      '--drain-time-s',
      '1',
      '-l',
      process.env.TEST_ENVOY_LOG ?? 'off',
    ],
    {
      stdio: process.env.TEST_ENVOY_LOG ? 'inherit' : 'ignore',
    },
  );
  t.after(async () => {
    if (envoy.exitCode !== null) return;
    envoy.kill('SIGKILL');
    await once(envoy, 'exit');
  });
  return {
    cache,
    server,
    rejections,
    admin: async (path) => (await request({ socketPath: adminSocket, path })) ?? '',
    status: (typeUrl) => server.proxies()[0]?.types.get(typeUrl),
  };
}

const isSynced = ({ server }: Scenario): boolean =>
  server.proxies().length === 1 &&
  [...(server.proxies()[0]?.types.values() ?? [])].every(({ status }) => status === 'SYNCED' || status === 'NOT SENT');

/** Asks without a break until stopped; what was not the expected kind of answer. */
function load(t: TestContext, port: number): { stop(): Promise<readonly (string | undefined)[]> } {
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  const bad: (string | undefined)[] = [];
  const done = (async () => {
    while (!isOver) {
      const answer = await get(port);
      if (!answer?.startsWith('200 ')) bad.push(answer);
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await done;
      return bad;
    },
  };
}

for (const protocol of ['sotw', 'delta'] as const) {
  const options = { skip: skipWithoutEnvoy, timeout: 60_000 };

  test(
    `Envoy ${protocol}: serves, follows changes without a failed request, and lets go of what is removed`,
    options,
    async (t) => {
      const [one, two, port, other] = [
        await startBackend(t, 'one'),
        await startBackend(t, 'two'),
        await freePort(),
        await freePort(),
      ];
      const scenario = await startEnvoy(
        t,
        protocol,
        cluster('c1'),
        endpoints('c1', one),
        listener('l1', port, 'r1'),
        route('r1', 'c1'),
      );
      await waitFor('the first answer', async () => (await get(port)) === '200 one');
      await waitFor('synchronisation', () => isSynced(scenario));

      const traffic = load(t, port);
      // The route moves to a cluster that is new, and the old one goes.
      scenario.cache.set(
        resourceSet(cluster('c2'), endpoints('c2', two), listener('l1', port, 'r1'), route('r1', 'c2')),
      );
      await waitFor('the new cluster', async () => (await get(port)) === '200 two');
      await waitFor(
        'the removal of the old',
        async () => isSynced(scenario) && !(await scenario.admin('/clusters')).includes('c1::'),
      );
      // A cluster that changes warms again; Envoy then waits for its endpoints.
      scenario.cache.set(
        resourceSet(cluster('c2', '2s'), endpoints('c2', two), listener('l1', port, 'r1'), route('r1', 'c2')),
      );
      await waitFor('the warm cluster', async () => {
        const dump = await scenario.admin('/config_dump?resource=dynamic_active_clusters');
        return (
          dump.includes('"connect_timeout": "2s"') &&
          !(await scenario.admin('/config_dump?resource=dynamic_warming_clusters')).includes('"c2"')
        );
      });
      // So does a listener; its routes are the same.
      scenario.cache.set(
        resourceSet(
          cluster('c2', '2s'),
          endpoints('c2', two),
          listener('l1', port, 'r1', { statPrefix: 'changed' }),
          listener('l2', other, 'r1'),
          route('r1', 'c2'),
        ),
      );
      await waitFor('the second listener', async () => (await get(other)) === '200 two');
      await waitFor('the warm listener', async () => {
        const dump = await scenario.admin('/config_dump?resource=dynamic_listeners');
        return dump.includes('"changed"') && !dump.includes('warming_state') && !dump.includes('draining_state');
      });
      // Everything changes together.
      scenario.cache.set(
        resourceSet(
          cluster('c3'),
          endpoints('c3', one),
          listener('l1', port, 'r3', { statPrefix: 'again' }),
          route('r3', 'c3'),
        ),
      );
      await waitFor('the third cluster', async () => (await get(port)) === '200 one');
      await waitFor('the end of the second listener', async () => (await get(other)) === undefined);
      await waitFor('synchronisation', () => isSynced(scenario));
      assert.deepEqual(await traffic.stop(), []);
      assert.deepEqual(scenario.rejections, []);
      // Old routes and their cluster leave with the last connection of the replaced listener (`--drain-time-s 1`).
      const comparisons = await waitFor('a proxy that has what is intended', async () => {
        const dump = (await scenario.admin('/config_dump?include_eds')).replace('200 ', '');
        const compared = compareConfig(dumpResources(scenario.cache.current), parseConfigDump(dump));
        return compared.every(({ match }) => match) && compared;
      });
      assert.equal(comparisons.length, 5);
    },
  );

  test(
    `Envoy ${protocol}: a rejection costs only what is bad, keeps Envoy's text, and ends when it is mended`,
    options,
    async (t) => {
      const [backend, port, other, third] = [
        await startBackend(t, 'one'),
        await freePort(),
        await freePort(),
        await freePort(),
      ];
      const base = [cluster('c1'), endpoints('c1', backend), route('r1', 'c1')];
      const scenario = await startEnvoy(t, protocol, ...base, listener('l1', port, 'r1'), listener('l2', other, 'r1'));
      await waitFor('both listeners', async () => (await get(port)) === '200 one' && (await get(other)) === '200 one');
      // A listener without any address.
      const bad = make(typeUrls.listener, ListenerSchema, 'l2', { name: 'l2', filterChains: [{}] }, []);
      scenario.cache.set(
        resourceSet(...base, listener('l1', port, 'r1', { statPrefix: 'x' }), bad, listener('l3', third, 'r1')),
      );
      await waitFor('the error', () => scenario.status(typeUrls.listener)?.status === 'ERROR');
      assert.match(scenario.status(typeUrls.listener)?.error ?? '', /l2/);
      assert.ok(scenario.status(typeUrls.listener)?.rejected.includes('l2'));
      await waitFor('the good listener', async () => (await get(third)) === '200 one');
      assert.equal(await get(other), '200 one', 'the last good configuration stays in force');
      const count = scenario.rejections.length;
      scenario.cache.set(
        resourceSet(...base, listener('l1', port, 'r1'), listener('l2', other, 'r1'), listener('l3', third, 'r1')),
      );
      await waitFor('the mended state', () => isSynced(scenario));
      assert.equal(scenario.status(typeUrls.listener)?.error, undefined);
      assert.equal(scenario.rejections.length, count);
    },
  );

  test(`Envoy ${protocol}: a missing secret does not keep other listeners from serving`, options, async (t) => {
    const [backend, port, secure] = [await startBackend(t, 'one'), await freePort(), await freePort()];
    const base = [cluster('c1'), endpoints('c1', backend), route('r1', 'c1')];
    // SotW has no word for "there is none": there the timeout of the subscription has to be short.
    const secretTimeout = protocol === 'delta' ? '0s' : '0.5s';
    const scenario = await startEnvoy(
      t,
      protocol,
      ...base,
      listener('l1', port, 'r1'),
      listener('l2', secure, 'r1', { secret: 'nowhere', secretTimeout }),
    );
    await waitFor('the plain listener', async () => (await get(port)) === '200 one');
    await waitFor(
      'the port of the other',
      () =>
        new Promise<boolean>((resolve) => {
          const socket = connect(secure, '127.0.0.1', () => resolve(true));
          socket.on('error', () => resolve(false)).once('connect', () => socket.destroy());
        }),
    );
    assert.deepEqual(scenario.rejections, []);
  });

  test(`Envoy ${protocol}: keeps serving while its server is away, and catches up`, options, async (t) => {
    const [one, two, port] = [await startBackend(t, 'one'), await startBackend(t, 'two'), await freePort()];
    const scenario = await startEnvoy(
      t,
      protocol,
      cluster('c1'),
      endpoints('c1', one),
      listener('l1', port, 'r1'),
      route('r1', 'c1'),
    );
    await waitFor('the first answer', async () => (await get(port)) === '200 one');
    await waitFor('synchronisation', () => isSynced(scenario));
    const traffic = load(t, port);
    const path = (await scenario.admin('/config_dump')).match(/"path": "([^"]*ads\.sock)"/)?.[1];
    await scenario.server.close();
    const again = createXdsServer({
      cacheFor: () => scenario.cache,
      observer: { rejected: ({ error }) => void scenario.rejections.push(error) },
    });
    t.after(() => again.close());
    // A SotW proxy does not say what it has: a cluster that went meanwhile is gone with the first response, before its routes.
    const kept = protocol === 'sotw' ? [cluster('c1'), endpoints('c1', one)] : [];
    scenario.cache.set(
      resourceSet(...kept, cluster('c2'), endpoints('c2', two), listener('l1', port, 'r2'), route('r2', 'c2')),
    );
    await again.listen(`unix:${path}`);
    await waitFor('the new state', async () => (await get(port)) === '200 two', 20_000);
    assert.deepEqual(await traffic.stop(), []);
    assert.deepEqual(scenario.rejections, []);
  });
}
