// Clients that break the protocol, by mistake or on purpose: each costs its own stream at most.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import type { Logger } from '../../src/lib/logger.ts';
import { createResourceCache } from '../../src/xds/cache/create-resource-cache.ts';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '../../src/xds/generated/envoy/service/discovery/v3/discovery_pb.ts';
import { createXdsServer } from '../../src/xds/server/create-xds-server.ts';
import type { XdsServerOptions } from '../../src/xds/server/xds-server.ts';
import { typeUrls } from '../../src/xds/type-urls.ts';
import { waitFor } from './wait-for.ts';
import { cluster, endpoints, resourceSet, secret } from './xds-fixtures.ts';

const ads = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const set = resourceSet(cluster('c1'), endpoints('c1'), endpoints('c2'), secret('s1'));
const same = (bytes: Buffer): Buffer => bytes;

interface RawStream<Response> {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly responses: Response[];
  readonly ended: Promise<{ code: status; details: string }>;
}

async function start(t: TestContext, options: Partial<XdsServerOptions> = {}) {
  const cache = createResourceCache(set);
  const server = createXdsServer({ cacheFor: () => cache, ...options });
  t.after(() => server.close());
  const client = new Client(await server.listen('127.0.0.1:0'), credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
  });
  t.after(() => client.close());
  const open = <Response>(path: string, parse: (bytes: Buffer) => Response): RawStream<Response> => {
    const call = client.makeBidiStreamRequest(path, same, same);
    const responses: Response[] = [];
    call.on('data', (bytes: Buffer) => responses.push(parse(bytes)));
    call.on('error', () => undefined);
    const ended = new Promise<{ code: status; details: string }>((resolve) => call.on('status', resolve));
    t.after(() => call.cancel());
    return { call, responses, ended };
  };
  return {
    cache,
    server,
    openSotw: () =>
      open<DiscoveryResponse>(`${ads}/StreamAggregatedResources`, (b) => fromBinary(DiscoveryResponseSchema, b)),
    openDelta: (path = `${ads}/DeltaAggregatedResources`) =>
      open<DeltaDiscoveryResponse>(path, (b) => fromBinary(DeltaDiscoveryResponseSchema, b)),
  };
}

const sotw = (init: MessageInitShape<typeof DiscoveryRequestSchema>): Buffer =>
  Buffer.from(toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, init)));
const delta = (init: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): Buffer =>
  Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, init)));
const node = { id: 'router~10.0.0.1~raw.default~default.svc.cluster.local' };

test('garbage ends its stream with INVALID_ARGUMENT; others go on', async (t) => {
  const { openSotw, openDelta, server } = await start(t);
  const good = openDelta();
  good.call.write(delta({ node, typeUrl: typeUrls.cluster }));
  await waitFor('a response', () => good.responses.length === 1);
  for (const open of [openSotw, openDelta]) {
    const bad = open();
    bad.call.write(Buffer.from([0xff, 0xff, 0xff, 0x01, 0x02]));
    assert.equal((await bad.ended).code, status.INVALID_ARGUMENT);
  }
  assert.equal(server.proxies().length, 1);
});

test('random bytes never crash the server', async (t) => {
  const { openDelta } = await start(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
      const stream = openDelta();
      stream.call.write(Buffer.from(bytes));
      stream.call.end();
      await stream.ended;
    }),
    { numRuns: 60 },
  );
  const good = openDelta();
  good.call.write(delta({ node, typeUrl: typeUrls.cluster }));
  await waitFor('a response', () => good.responses.length === 1);
});

test('a first request without a node is refused; later ones need none', async (t) => {
  const { openDelta } = await start(t);
  const nobody = openDelta();
  nobody.call.write(delta({ typeUrl: typeUrls.cluster }));
  assert.equal((await nobody.ended).code, status.INVALID_ARGUMENT);
  const somebody = openDelta();
  somebody.call.write(delta({ node, typeUrl: typeUrls.cluster }));
  somebody.call.write(delta({ typeUrl: typeUrls.secret, resourceNamesSubscribe: ['s1'] }));
  await waitFor('two responses', () => somebody.responses.length === 2);
});

test('unknown types get no answer and are logged once', async (t) => {
  const lines: string[] = [];
  const log = (_: object, message: string) => void lines.push(message);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const { openDelta, openSotw } = await start(t, { logger });
  const stream = openDelta();
  const other = openSotw();
  for (let i = 0; i < 3; i += 1) stream.call.write(delta({ node, typeUrl: 'type.googleapis.com/some.Thing' }));
  other.call.write(sotw({ node, typeUrl: 'type.googleapis.com/some.Thing', resourceNames: ['a'] }));
  stream.call.write(delta({ typeUrl: typeUrls.cluster }));
  await waitFor('clusters', () => stream.responses.length > 0);
  assert.deepEqual(
    stream.responses.map((r) => r.typeUrl),
    [typeUrls.cluster],
  );
  await waitFor('the log', () => lines.length === 1);
  assert.deepEqual(other.responses, []);
});

test('a flood of names ends its stream with RESOURCE_EXHAUSTED', async (t) => {
  const { openDelta, server } = await start(t);
  const flood = openDelta();
  for (let i = 0; i < 3; i += 1) {
    const names = Array.from({ length: 100_000 }, (_, j) => `flood-${i}-${j}`);
    flood.call.write(delta({ node, typeUrl: typeUrls.secret, resourceNamesSubscribe: names }));
  }
  assert.equal((await flood.ended).code, status.RESOURCE_EXHAUSTED);
  await waitFor('its end', () => server.proxies().length === 0);
});

test('a message over the limit ends its stream', async (t) => {
  const { openDelta } = await start(t);
  const stream = openDelta();
  stream.call.write(Buffer.alloc(65 * 1024 * 1024));
  assert.equal((await stream.ended).code, status.RESOURCE_EXHAUSTED);
});

test('a cache that cannot be made costs the stream only', async (t) => {
  const { openDelta } = await start(t, {
    cacheFor: () => {
      throw new Error('translate failed');
    },
  });
  const stream = openDelta();
  stream.call.write(delta({ node, typeUrl: typeUrls.cluster }));
  const ended = await stream.ended;
  assert.equal(ended.code, status.INTERNAL);
  assert.ok(!ended.details.includes('translate'), 'insides are not told');
});

test('SotW: stale nonces are ignored, an empty nonce subscribes again, a repeated nonce is no second acknowledgement', async (t) => {
  const { openSotw, server, cache } = await start(t);
  const { call, responses } = openSotw();
  const typeUrl = typeUrls.endpoint;
  call.write(sotw({ node, typeUrl, resourceNames: ['c1'] }));
  await waitFor('the first', () => responses.length === 1);
  const first = responses[0]!;
  call.write(sotw({ typeUrl, resourceNames: ['c1', 'c2'], responseNonce: 'of another stream', versionInfo: 'x' }));
  call.write(sotw({ typeUrl, resourceNames: ['c1'], responseNonce: first.nonce, versionInfo: first.versionInfo }));
  await waitFor('the acknowledgement', () => server.proxies()[0]?.types.get(typeUrl)?.status === 'SYNCED');
  assert.equal(responses.length, 1, 'neither asks for anything new');
  // Spontaneous, with a new name.
  call.write(
    sotw({ typeUrl, resourceNames: ['c1', 'c2'], responseNonce: first.nonce, versionInfo: first.versionInfo }),
  );
  await waitFor('the new name', () => responses.length === 2);
  assert.equal(responses[1]!.resources.length, 1);
  assert.equal(server.proxies()[0]?.types.get(typeUrl)?.status, 'STALE');
  // The same again is about the first nonce: stale now.
  call.write(sotw({ typeUrl, resourceNames: ['c1'], responseNonce: first.nonce, versionInfo: first.versionInfo }));
  cache.set(resourceSet(endpoints('c1', 1), endpoints('c2', 1)));
  call.write(sotw({ typeUrl, resourceNames: ['c1', 'c2'], responseNonce: '', versionInfo: '' }));
  await waitFor('everything again', () => responses.length === 3);
  assert.equal(responses[2]!.resources.length, 2);
});

test('SotW: equal content has an equal version_info on every stream, and nonces differ', async (t) => {
  const { openSotw } = await start(t);
  const streams = [openSotw(), openSotw()];
  for (const { call } of streams) call.write(sotw({ node, typeUrl: typeUrls.cluster }));
  await waitFor('both', () => streams.every((s) => s.responses.length === 1));
  const [a, b] = streams.map((s) => s.responses[0]!);
  assert.equal(a!.versionInfo, b!.versionInfo);
  assert.notEqual(a!.nonce, b!.nonce);
});

test('delta: a name that is asked for again is sent again; unsubscribing from * leaves the named ones', async (t) => {
  const { openDelta, cache } = await start(t);
  const { call, responses } = openDelta();
  const typeUrl = typeUrls.cluster;
  const acknowledge = () => call.write(delta({ typeUrl, responseNonce: responses.at(-1)!.nonce }));
  call.write(delta({ node, typeUrl }));
  await waitFor('the legacy wildcard', () => responses.length === 1);
  assert.deepEqual(
    responses[0]!.resources.map((r) => r.name),
    ['c1'],
  );
  acknowledge();
  call.write(delta({ typeUrl, resourceNamesSubscribe: ['c1', 'nowhere'] }));
  await waitFor('the second', () => responses.length === 2);
  assert.deepEqual(
    responses[1]!.resources.map((r) => r.name),
    ['c1'],
  );
  assert.deepEqual(responses[1]!.removedResources, ['nowhere']);
  acknowledge();
  call.write(delta({ typeUrl, resourceNamesUnsubscribe: ['*'], resourceNamesSubscribe: ['probe'] }));
  await waitFor('the word about the probe', () => responses.length === 3);
  acknowledge();
  cache.set(resourceSet(cluster('c1', 1), cluster('c2')));
  await waitFor('the change', () => responses.length === 4);
  assert.deepEqual(
    responses[3]!.resources.map((r) => r.name),
    ['c1'],
  );
});

test('delta: the secret service has the same rules', async (t) => {
  const { openDelta } = await start(t);
  const { call, responses } = openDelta('/envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets');
  call.write(delta({ node, typeUrl: typeUrls.cluster }));
  call.write(delta({ typeUrl: typeUrls.secret, resourceNamesSubscribe: ['s1'] }));
  await waitFor('the secret', () => responses.length === 1);
  assert.deepEqual(
    responses[0]!.resources.map((r) => r.name),
    ['s1'],
  );
});

test('a proxy that reads nothing costs no memory per change and holds nobody up', async (t) => {
  const { openDelta, cache, server } = await start(t);
  const slow = openDelta();
  const quick = openDelta();
  for (const [i, stream] of [slow, quick].entries())
    stream.call.write(
      delta({ node: { id: `router~10.0.0.${i}~p${i}.ns~ns.svc.cluster.local` }, typeUrl: typeUrls.cluster }),
    );
  await waitFor('both', () => slow.responses.length === 1 && quick.responses.length === 1);
  const acknowledge = (stream: typeof slow) =>
    stream.call.write(delta({ typeUrl: typeUrls.cluster, responseNonce: stream.responses.at(-1)!.nonce }));
  acknowledge(slow);
  acknowledge(quick);
  await waitFor('both to be synchronised', () =>
    server.proxies().every((p) => p.types.get(typeUrls.cluster)?.status === 'SYNCED'),
  );
  slow.call.pause();
  const name = `c${'x'.repeat(200_000)}`;
  for (let i = 1; i <= 100; i += 1) {
    cache.set(resourceSet(cluster(name, i)));
    const { version } = cluster(name, i);
    await waitFor(`change ${i}`, () => quick.responses.at(-1)?.resources[0]?.version === version);
    acknowledge(quick);
  }
  const states = server.proxies().map((p) => p.types.get(typeUrls.cluster)?.status);
  assert.equal(states[0], 'STALE');
  slow.call.resume();
  await waitFor('the first change', () => slow.responses.length === 2);
  acknowledge(slow);
  await waitFor('the newest', () => slow.responses.length === 3);
  const versions = [slow, quick].map((stream) => stream.responses.at(-1)!.resources.map((r) => r.version));
  assert.deepEqual(versions[0], versions[1]);
});
