// The xDS server over real gRPC, on TCP and Unix sockets: the same scenarios for SotW and delta with our own client.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createResourceCache } from '../../src/xds/cache/create-resource-cache.ts';
import type { ResourceCache } from '../../src/xds/cache/resource-cache.ts';
import type { AdsClient, ReceivedUpdate, UpdateVerdict, XdsProtocol } from '../../src/xds/client/ads-client.ts';
import { createAdsClient } from '../../src/xds/client/create-ads-client.ts';
import { createNode } from '../../src/xds/node.ts';
import type { ResourceSet } from '../../src/xds/resource.ts';
import { createXdsServer } from '../../src/xds/server/create-xds-server.ts';
import type { TypeStatus, XdsServer, XdsServerOptions } from '../../src/xds/server/xds-server.ts';
import { type TypeUrl, typeUrls } from '../../src/xds/type-urls.ts';
import { waitFor } from './wait-for.ts';
import { cluster, endpoints, listener, resourceSet, route, secret, versionsOf } from './xds-fixtures.ts';

const nodeNamed = (name: string) =>
  createNode({
    name,
    namespace: 'istio-system',
    address: '10.0.0.7',
    labels: { istio: 'ingressgateway' },
    dataPlane: 'embedded',
    version: '0',
  });

interface Scenario {
  readonly cache: ResourceCache;
  readonly server: XdsServer;
  readonly address: string;
  /** Everything the client was given, in order. */
  readonly updates: ReceivedUpdate[];
  readonly client: AdsClient;
  /** Decides on each update; accepts by default. */
  judge: (update: ReceivedUpdate) => UpdateVerdict;
  status(typeUrl: TypeUrl): TypeStatus | undefined;
  held(typeUrl: TypeUrl): Record<string, string>;
}

async function startServer(
  t: TestContext,
  cache: ResourceCache,
  options: Partial<XdsServerOptions> = {},
): Promise<{ server: XdsServer; address: string }> {
  const server = createXdsServer({ cacheFor: () => cache, ...options });
  t.after(() => server.close());
  return { server, address: await server.listen('127.0.0.1:0') };
}

async function startScenario(
  t: TestContext,
  protocol: XdsProtocol,
  first: ResourceSet,
  options: Partial<XdsServerOptions> = {},
): Promise<Scenario> {
  const cache = createResourceCache(first);
  const { server, address } = await startServer(t, cache, options);
  const updates: ReceivedUpdate[] = [];
  const client = createAdsClient({
    address,
    protocol,
    node: nodeNamed('gateway-0'),
    backOff: { initialMs: 5, maxMs: 20 },
    onUpdate: (update) => {
      updates.push(update);
      return scenario.judge(update);
    },
  });
  t.after(() => client.close());
  const scenario: Scenario = {
    cache,
    server,
    address,
    updates,
    client,
    judge: () => undefined,
    status: (typeUrl) => server.proxies()[0]?.types.get(typeUrl),
    held: (typeUrl) => versionsOf(client.held(typeUrl)),
  };
  return scenario;
}

const everything = () =>
  resourceSet(
    cluster('c1'),
    cluster('c2'),
    endpoints('c1'),
    endpoints('c2'),
    listener('l1', ['r1']),
    route('r1', ['c1', 'c2']),
    secret('s1'),
  );

function subscribeAll(client: AdsClient): void {
  client.subscribe(typeUrls.cluster, ['*']);
  client.subscribe(typeUrls.listener, ['*']);
  client.subscribe(typeUrls.endpoint, ['c1', 'c2']);
  client.subscribe(typeUrls.route, ['r1']);
  client.subscribe(typeUrls.secret, ['s1']);
}

/** All that `subscribeAll` asks for. */
const usualTypes = Object.values(typeUrls).filter((typeUrl) => typeUrl !== typeUrls.scopedRoute);

const isSynced = (scenario: Scenario, types: readonly TypeUrl[] = usualTypes) =>
  types.every((typeUrl) => scenario.status(typeUrl)?.status === 'SYNCED');

for (const protocol of ['SotW', 'delta'] as const) {
  test(`${protocol}: a proxy gets what it subscribes to, and no more`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    scenario.client.start();
    scenario.client.subscribe(typeUrls.cluster, ['*']);
    scenario.client.subscribe(typeUrls.endpoint, ['c1']);
    await waitFor('both types', () => isSynced(scenario, [typeUrls.cluster, typeUrls.endpoint]));
    const set = everything();
    assert.deepEqual(Object.keys(scenario.held(typeUrls.cluster)), ['c1', 'c2']);
    assert.deepEqual(Object.keys(scenario.held(typeUrls.endpoint)), ['c1']);
    assert.equal(scenario.status(typeUrls.listener)?.status, 'NOT SENT');
    // The cache's bytes arrive as they are.
    assert.deepEqual(
      Buffer.from(scenario.client.held(typeUrls.cluster).get('c1')!.bytes),
      Buffer.from(set.get(typeUrls.cluster)!.get('c1')!.bytes),
    );
  });

  test(`${protocol}: changes, additions and removals arrive; unchanged resources are not sent again`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    subscribeAll(scenario.client);
    scenario.client.start();
    await waitFor('the first configuration', () => isSynced(scenario));
    scenario.updates.length = 0;
    scenario.cache.set(
      resourceSet(
        cluster('c1'),
        cluster('c2'),
        endpoints('c1', 7),
        endpoints('c2'),
        listener('l2', ['r1']),
        route('r1', ['c1', 'c2']),
        secret('s1', 1),
      ),
    );
    await waitFor('the changes', () => scenario.updates.length >= 3 && isSynced(scenario));
    const told = scenario.updates.map((u) => [u.typeUrl, u.resources.map((r) => r.name), u.removed]);
    assert.deepEqual(told, [
      [typeUrls.endpoint, ['c1'], []],
      [typeUrls.listener, ['l2'], ['l1']],
      [typeUrls.secret, ['s1'], []],
    ]);
  });

  test(`${protocol}: a rejection is kept with its text and not repeated, until an acknowledgement follows`, async (t) => {
    const rejected: string[] = [];
    const scenario = await startScenario(t, protocol, everything(), {
      observer: { rejected: (update) => void rejected.push(`${update.names.join()}: ${update.error}`) },
    });
    subscribeAll(scenario.client);
    scenario.client.start();
    await waitFor('the first configuration', () => isSynced(scenario));
    scenario.judge = () => 'no virtual hosts in r1';
    scenario.cache.set(new Map([...everything(), ...resourceSet(route('r1', ['c1'], 5))]));
    await waitFor('the rejection', () => scenario.status(typeUrls.route)?.status === 'ERROR');
    assert.equal(scenario.status(typeUrls.route)?.error, 'no virtual hosts in r1');
    assert.equal(scenario.status(typeUrls.route)?.acknowledged.get('r1'), route('r1', ['c1', 'c2']).version);
    assert.deepEqual(rejected, ['r1: no virtual hosts in r1']);
    // Another type changes: the rejected version does not come again.
    scenario.judge = () => undefined;
    scenario.updates.length = 0;
    scenario.cache.set(new Map([...scenario.cache.current, ...resourceSet(secret('s1', 3))]));
    await waitFor('the secret', () => scenario.updates.length > 0 && isSynced(scenario, [typeUrls.secret]));
    assert.deepEqual(new Set(scenario.updates.map((u) => u.typeUrl)), new Set([typeUrls.secret]));
    assert.equal(scenario.status(typeUrls.route)?.status, 'ERROR');
    scenario.cache.set(new Map([...scenario.cache.current, ...resourceSet(route('r1', ['c1'], 6))]));
    await waitFor('the mended route', () => isSynced(scenario));
    assert.equal(scenario.status(typeUrls.route)?.error, undefined);
  });

  test(`${protocol}: one bad resource does not keep back the others of its response`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    const names = Array.from({ length: 9 }, (_, i) => `r${i}`);
    scenario.client.subscribe(typeUrls.route, names);
    scenario.judge = (update) => (update.resources.some((r) => r.name === 'r4') ? 'bad configuration' : undefined);
    scenario.client.start();
    await waitFor('the connection', () => scenario.client.state === 'connected');
    scenario.cache.set(resourceSet(...names.map((name) => route(name, []))));
    const expected = names.filter((name) => name !== 'r4');
    await waitFor('the good routes', () => scenario.client.held(typeUrls.route).size === expected.length);
    assert.deepEqual(Object.keys(scenario.held(typeUrls.route)), expected);
    await waitFor('the rejection', () => scenario.status(typeUrls.route)?.status === 'ERROR');
  });

  test(`${protocol}: a route waits until its new cluster and endpoints are acknowledged`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    subscribeAll(scenario.client);
    scenario.client.start();
    await waitFor('the first configuration', () => isSynced(scenario));
    scenario.updates.length = 0;
    scenario.judge = (update) => {
      // As Envoy: the endpoints are asked for when the cluster is there.
      if (update.typeUrl === typeUrls.cluster && update.resources.some((r) => r.name === 'c3'))
        queueMicrotask(() => scenario.client.subscribe(typeUrls.endpoint, ['c3']));
      return undefined;
    };
    scenario.cache.set(
      resourceSet(
        cluster('c1'),
        cluster('c3'),
        endpoints('c1'),
        endpoints('c3'),
        listener('l1', ['r1']),
        route('r1', ['c1', 'c3']),
        secret('s1'),
      ),
    );
    await waitFor('the route and the removal', () => Object.keys(scenario.held(typeUrls.cluster)).join() === 'c1,c3');
    const order = scenario.updates.map(
      (u) => `${u.typeUrl.split('.').at(-1)} +${u.resources.map((r) => r.name)} -${u.removed}`,
    );
    const at = (text: string) => order.findIndex((line) => line.includes(text));
    assert.ok(at('Cluster +c3') < at('ClusterLoadAssignment +c3'), order.join('\n'));
    assert.ok(at('ClusterLoadAssignment +c3') < at('RouteConfiguration +r1'), order.join('\n'));
    assert.ok(at('RouteConfiguration +r1') < order.findIndex((line) => /Cluster .*-c2/.test(line)), order.join('\n'));
  });

  test(`${protocol}: after a lost connection only differences matter`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    subscribeAll(scenario.client);
    scenario.client.start();
    await waitFor('the first configuration', () => isSynced(scenario));
    scenario.updates.length = 0;
    await scenario.server.close();
    await waitFor('the loss', () => scenario.client.state === 'waiting' || scenario.client.state === 'connecting');
    const again = createXdsServer({ cacheFor: () => scenario.cache });
    t.after(() => again.close());
    scenario.cache.set(new Map([...everything(), ...resourceSet(cluster('c1'), cluster('c9'))]));
    await waitFor('the address', async () => (await again.listen(scenario.address).catch(() => '')) !== '');
    await waitFor('the new state', () => Object.keys(scenario.held(typeUrls.cluster)).join() === 'c1,c9');
    await waitFor(
      'a synchronised server',
      () =>
        usualTypes.every((typeUrl) => again.proxies()[0]?.types.get(typeUrl)?.status === 'SYNCED') &&
        again.proxies().length > 0,
    );
    const changed = scenario.updates.filter((u) => u.resources.length > 0 && u.typeUrl === typeUrls.listener);
    assert.deepEqual(changed, [], 'an unchanged listener is no update');
    if (protocol === 'delta') {
      const resent = scenario.updates.flatMap((u) => u.resources.map((r) => r.name));
      assert.deepEqual(resent, ['c9']);
    }
  });

  test(`${protocol}: resync sends everything again`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    subscribeAll(scenario.client);
    scenario.client.start();
    await waitFor('the first configuration', () => isSynced(scenario));
    scenario.updates.length = 0;
    assert.equal(scenario.server.resync('gateway-0.istio-system'), true);
    assert.equal(scenario.server.resync('nobody'), false);
    await waitFor('five updates', () => new Set(scenario.updates.map((u) => u.typeUrl)).size === 5);
    await waitFor('acknowledgements', () => isSynced(scenario));
    const order = scenario.updates.map((u) => u.typeUrl);
    assert.deepEqual(order, [...new Set(order)], 'each type once');
  });

  test(`${protocol}: unsubscribed names are not sent any more, and come again when asked for`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    scenario.client.subscribe(typeUrls.endpoint, ['c1', 'c2']);
    scenario.client.start();
    await waitFor(
      'both',
      () => scenario.client.held(typeUrls.endpoint).size === 2 && isSynced(scenario, [typeUrls.endpoint]),
    );
    scenario.client.unsubscribe(typeUrls.endpoint, ['c2']);
    scenario.cache.set(resourceSet(endpoints('c1', 1), endpoints('c2', 1)));
    await waitFor('the change of c1', () => scenario.held(typeUrls.endpoint).c1 === endpoints('c1', 1).version);
    assert.deepEqual(Object.keys(scenario.held(typeUrls.endpoint)), ['c1']);
    scenario.client.subscribe(typeUrls.endpoint, ['c2']);
    await waitFor('c2 again', () => scenario.held(typeUrls.endpoint).c2 === endpoints('c2', 1).version);
  });

  test(`${protocol}: a name that is not there yet arrives when it appears`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    scenario.client.subscribe(typeUrls.secret, ['s1', 'later']);
    scenario.client.start();
    await waitFor('s1', () => scenario.client.held(typeUrls.secret).has('s1'));
    if (protocol === 'delta')
      assert.deepEqual(
        scenario.updates.flatMap((u) => u.removed),
        ['later'],
        'a client is told what does not exist',
      );
    scenario.cache.set(resourceSet(secret('s1'), secret('later')));
    await waitFor('the late secret', () => scenario.client.held(typeUrls.secret).has('later'));
  });

  test(`${protocol}: a cache that loads on demand is asked before names are answered`, async (t) => {
    const cache = createResourceCache();
    const { address } = await startServer(t, cache, {
      onSubscribe: (_node, _typeUrl, names) => void cache.set(resourceSet(...names.map((name) => secret(name)))),
    });
    const updates: ReceivedUpdate[] = [];
    const client = createAdsClient({ address, protocol, node: nodeNamed('x'), onUpdate: (u) => void updates.push(u) });
    t.after(() => client.close());
    client.subscribe(typeUrls.secret, ['file-cert:a~b']);
    client.start();
    await waitFor('the secret', () => client.held(typeUrls.secret).has('file-cert:a~b'));
    assert.deepEqual(
      updates.flatMap((u) => u.removed),
      [],
    );
  });

  test(`${protocol}: changes while a response is unacknowledged are merged into one`, async (t) => {
    const scenario = await startScenario(t, protocol, everything());
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const versions: string[] = [];
    const slow = createAdsClient({
      address: scenario.address,
      protocol,
      node: nodeNamed('slow'),
      onUpdate: async (update) => {
        versions.push(update.resources[0]?.version ?? '');
        await held;
        return undefined;
      },
    });
    t.after(() => slow.close());
    slow.subscribe(typeUrls.endpoint, ['c1']);
    slow.start();
    await waitFor('the first response', () => versions.length === 1);
    for (let i = 1; i <= 50; i += 1) scenario.cache.set(resourceSet(endpoints('c1', i)));
    const types = () => scenario.server.proxies()[0]?.types.get(typeUrls.endpoint);
    await waitFor('age', () => (types()?.staleForMs ?? 0) > 0);
    assert.equal(types()?.status, 'STALE');
    release?.();
    await waitFor(
      'the newest',
      () =>
        versionsOf(slow.held(typeUrls.endpoint)).c1 !== undefined &&
        types()?.status === 'SYNCED' &&
        versions.length > 1,
    );
    assert.equal(versions.length, 2);
    assert.equal(types()?.acknowledged.get('c1'), endpoints('c1', 50).version);
  });
}

test('serves a Unix socket, takes over the socket of a dead process, and refuses a live one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-xds-'));
  t.after(() => rm(folder, { recursive: true }));
  const address = `unix:${join(folder, 'xds.sock')}`;
  const cache = createResourceCache(everything());
  const path = address.slice('unix:'.length);
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  assert.equal(spawnSync(process.execPath, ['-e', script]).signal, 'SIGKILL');
  assert.ok(existsSync(path), 'the dead process left its socket');
  const first = createXdsServer({ cacheFor: () => cache });
  t.after(() => first.close());
  assert.equal(await first.listen(address), address);
  const second = createXdsServer({ cacheFor: () => cache });
  t.after(() => second.close());
  await assert.rejects(second.listen(address), { code: 'address-in-use' });
  const client = createAdsClient({ address, node: nodeNamed('u'), onUpdate: () => undefined });
  t.after(() => client.close());
  client.subscribe(typeUrls.cluster, ['*']);
  client.start();
  await waitFor('clusters', () => client.held(typeUrls.cluster).size === 2);
});

test('equal proxies share a cache; it is released with the last of them', async (t) => {
  const released: string[] = [];
  const events: string[] = [];
  const { server, address } = await startServer(t, createResourceCache(everything()), {
    release: (node) => void released.push(node.name),
    observer: {
      connected: (p) => void events.push(`+${p.node.name}`),
      disconnected: (p) => void events.push(`-${p.node.name}`),
    },
  });
  const clients = ['a', 'b'].map((name) =>
    createAdsClient({ address, node: nodeNamed(name), onUpdate: () => undefined }),
  );
  t.after(() => Promise.all(clients.map((c) => c.close())));
  for (const client of clients) {
    client.subscribe(typeUrls.cluster, ['*']);
    client.start();
  }
  await waitFor('both', () => server.proxies().length === 2);
  assert.deepEqual(
    server.proxies().map((p) => p.node.name),
    ['a.istio-system', 'b.istio-system'],
  );
  await clients[0]!.close();
  await waitFor('one', () => server.proxies().length === 1);
  assert.deepEqual(released, []);
  await clients[1]!.close();
  await waitFor('the release', () => released.length === 1);
  assert.deepEqual(events.toSorted(), ['+a.istio-system', '+b.istio-system', '-a.istio-system', '-b.istio-system']);
});
