// The engine as a client of a real xDS server: what it asks for, when it is ready, what it says it has.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { silentLogger } from '../../lib/logger.ts';
import { createResourceCache } from '../../xds/cache/create-resource-cache.ts';
import type { XdsProtocol } from '../../xds/client/ads-client.ts';
import { createNode } from '../../xds/node.ts';
import type { ResourceReference, XdsResource } from '../../xds/resource.ts';
import { createXdsServer } from '../../xds/server/create-xds-server.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';
import { createMountedSecrets } from '../secrets/create-mounted-secrets.ts';
import {
  assignment,
  cluster,
  endpoint,
  listener,
  routes,
  tcpProxy,
  update,
  virtualHost,
} from './config/resources.fixture.ts';
import { createConfigFeed } from './create-config-feed.ts';
import { until } from './engine-fixture.ts';
import { createControlStatistics } from './statistics/control-statistics.ts';

const resource = (
  typeUrl: TypeUrl,
  json: Parameters<typeof update>[1][0],
  references: readonly ResourceReference[] = [],
) => update(typeUrl, [json]).resources.map((one): XdsResource => ({ ...one, typeUrl, references, owners: [] }));

const byName = (resources: readonly XdsResource[]): ReadonlyMap<string, XdsResource> =>
  new Map(resources.map((one) => [one.name, one]));

/** A TCP listener, which names its cluster itself, and an HTTP listener, which names it in its routes. */
const everything = new Map<TypeUrl, ReadonlyMap<string, XdsResource>>([
  [
    typeUrls.cluster,
    byName(resource(typeUrls.cluster, cluster('mysql'), [{ typeUrl: typeUrls.endpoint, name: 'mysql' }])),
  ],
  [typeUrls.endpoint, byName(resource(typeUrls.endpoint, assignment('mysql', [endpoint('127.0.0.1', 3306)])))],
  [
    typeUrls.listener,
    byName([
      ...resource(typeUrls.listener, listener('tcp', 3306, { filter_chains: [{ filters: [tcpProxy()] }] }), [
        { typeUrl: typeUrls.cluster, name: 'mysql' },
      ]),
      ...resource(typeUrls.listener, listener('http', 80), [{ typeUrl: typeUrls.route, name: 'http.80' }]),
    ]),
  ],
  [typeUrls.route, byName(resource(typeUrls.route, routes('http.80', [virtualHost(['*'])])))],
]);

describe('the configuration feed', () => {
  const endings: (() => Promise<unknown>)[] = [];
  after(() => Promise.all(endings.map((end) => end())));

  for (const xdsProtocol of ['delta', 'SotW'] satisfies XdsProtocol[])
    test(`is complete by ${xdsProtocol} only when all listeners are there`, async () => {
      const cache = createResourceCache();
      cache.set(everything);
      const server = createXdsServer({ cacheFor: () => cache });
      const pilot = await server.listen('127.0.0.1:0');
      const secrets = createMountedSecrets();
      const listenersWhenComplete: string[][] = [];
      const feed = createConfigFeed({
        pilot,
        node: createNode({
          name: 'gateway-0',
          namespace: 'istio-system',
          address: '127.0.0.1',
          labels: {},
          dataPlane: 'embedded',
          version: 'test',
        }),
        xdsProtocol,
        secrets,
        host: {
          start: async () => {},
          serve: () => undefined,
          listeners: () => [],
          settled: () => true,
          statistics: async () => ({ counters: [], gauges: [], histograms: [] }),
          diagnostics: () => [],
          drain: async () => {},
        },
        statistics: createControlStatistics(1),
        logger: silentLogger,
        onServed: () => {
          if (feed.store.isComplete()) listenersWhenComplete.push([...feed.store.current().listeners.keys()].sort());
        },
      });
      endings.push(async () => {
        await feed.close();
        secrets.close();
        await server.close();
      });
      feed.start();
      await until(() => listenersWhenComplete.length > 0);
      assert.deepEqual(listenersWhenComplete[0], ['http', 'tcp']);
      assert.equal(feed.store.current().clusters.get('mysql')?.endpoints[0]?.port, 3306);
    });
});
