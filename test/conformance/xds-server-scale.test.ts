// The xDS server with fifty thousand resources: a proxy that reconnects says what it has, and is sent what differs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PersistentMap } from '../../src/lib/incremental/persistent-map.ts';
import { createResourceCache } from '../../src/xds/cache/create-resource-cache.ts';
import type { ReceivedUpdate } from '../../src/xds/client/ads-client.ts';
import { createAdsClient } from '../../src/xds/client/create-ads-client.ts';
import { createNode } from '../../src/xds/node.ts';
import type { XdsResource } from '../../src/xds/resource.ts';
import { createXdsServer } from '../../src/xds/server/create-xds-server.ts';
import { typeUrls } from '../../src/xds/type-urls.ts';
import { waitFor } from './wait-for.ts';
import { route } from './xds-fixtures.ts';

const count = 50_000;
/** As long as names of hosts get, so that what is sent is large. */
const nameOf = (i: number): string => `host-${i}.department.of.some.customer.example.com:80`;

test('50,000 names in one request: only what changed meanwhile is sent to a proxy that comes back', async (t) => {
  const names = Array.from({ length: count }, (_, i) => nameOf(i));
  let routes = PersistentMap.from(names.map((name): [string, XdsResource] => [name, route(name, [])]));
  const cache = createResourceCache(new Map([[typeUrls.route, routes]]));
  const set = (name: string, variant: number): void => {
    routes = routes.change([[name, route(name, [], variant)]]);
    cache.set(new Map([[typeUrls.route, routes]]));
  };
  const first = createXdsServer({ cacheFor: () => cache });
  const address = await first.listen('127.0.0.1:0');
  const updates: ReceivedUpdate[] = [];
  const client = createAdsClient({
    address,
    node: createNode({
      name: 'gateway-0',
      namespace: 'istio-system',
      address: '10.0.0.7',
      labels: {},
      dataPlane: 'embedded',
      version: '0',
    }),
    backOff: { initialMs: 5, maxMs: 20 },
    onUpdate: (update) => {
      updates.push(update);
      return undefined;
    },
  });
  t.after(() => client.close());
  client.subscribe(typeUrls.route, names);
  client.start();
  const lastVersion = (name: string): string | undefined => client.held(typeUrls.route).get(name)?.version;
  await waitFor('all of them', () => client.held(typeUrls.route).size === count, 60_000);

  await first.close();
  updates.length = 0;
  set(nameOf(7), 1);
  const second = createXdsServer({ cacheFor: () => cache });
  t.after(() => second.close());
  await second.listen(address);
  await waitFor('the change', () => lastVersion(nameOf(7)) === route(nameOf(7), [], 1).version, 60_000);
  assert.deepEqual(
    updates.map(({ resources }) => resources.map(({ name }) => name)),
    [[nameOf(7)]],
  );

  set(nameOf(9), 2);
  await waitFor('another change', () => lastVersion(nameOf(9)) === route(nameOf(9), [], 2).version, 60_000);
  assert.equal(client.held(typeUrls.route).size, count);
});
