// ADS over real connections: classes of equal proxies, failing translations, and the owners of rejections.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { waitFor } from '../../../test/conformance/wait-for.ts';
import { cluster, resourceSet, route, versionsOf } from '../../../test/conformance/xds-fixtures.ts';
import type { AdsClient, UpdateVerdict } from '../../xds/client/ads-client.ts';
import { createAdsClient } from '../../xds/client/create-ads-client.ts';
import { createNode } from '../../xds/node.ts';
import type { ResourceSet } from '../../xds/resource.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import { type Ads, createAds } from './create-ads.ts';

interface Fixture {
  readonly ads: Ads;
  /** What `translate` gives; a function so that it may throw. */
  resources: (team: string) => ResourceSet;
  readonly translated: string[];
  connect(name: string, team: string, judge?: () => UpdateVerdict): AdsClient;
}

async function start(t: TestContext, resources: (team: string) => ResourceSet): Promise<Fixture> {
  const translated: string[] = [];
  const ads = createAds({
    keyOf: (node) => node.labels.team ?? '',
    translate: (node) => {
      translated.push(node.name);
      return fixture.resources(node.labels.team ?? '');
    },
  });
  t.after(() => ads.close());
  const address = await ads.listen('127.0.0.1:0');
  const fixture: Fixture = {
    ads,
    resources,
    translated,
    connect(name, team, judge = () => undefined) {
      const node = createNode({
        name,
        namespace: 'ns',
        address: '10.0.0.1',
        labels: { team },
        dataPlane: 'embedded',
        version: '0',
      });
      const client = createAdsClient({ address, node, onUpdate: judge });
      t.after(() => client.close());
      client.subscribe(typeUrls.cluster, ['*']);
      client.subscribe(typeUrls.route, ['r1']);
      client.start();
      return client;
    },
  };
  return fixture;
}

test('translates once per class of equal proxies, and each class its own', async (t) => {
  const fixture = await start(t, (team) => resourceSet(cluster(`of-${team}`)));
  const [a, b, c] = [fixture.connect('a', 'red'), fixture.connect('b', 'red'), fixture.connect('c', 'blue')];
  await waitFor('all', () => [a, b, c].every((client) => client.held(typeUrls.cluster).size === 1));
  assert.deepEqual(Object.keys(versionsOf(b.held(typeUrls.cluster))), ['of-red']);
  assert.deepEqual(Object.keys(versionsOf(c.held(typeUrls.cluster))), ['of-blue']);
  assert.equal(fixture.translated.length, 2);
  fixture.ads.update();
  assert.equal(fixture.translated.length, 4);
  assert.deepEqual([...(fixture.ads.intended('c.ns')?.get(typeUrls.cluster)?.keys() ?? [])], ['of-blue']);
  assert.equal(fixture.ads.intended('nobody'), undefined);
});

test('a class is forgotten with its last proxy', async (t) => {
  const fixture = await start(t, () => resourceSet(cluster('c1')));
  const client = fixture.connect('a', 'red');
  await waitFor('a', () => client.held(typeUrls.cluster).size === 1);
  await client.close();
  await waitFor('its end', () => fixture.ads.proxies().length === 0);
  fixture.ads.update();
  assert.equal(fixture.translated.length, 1);
});

test('a class whose translation fails keeps what it has; the others are updated', async (t) => {
  const fixture = await start(t, () => resourceSet(cluster('old')));
  const [a, b] = [fixture.connect('a', 'red'), fixture.connect('b', 'blue')];
  await waitFor('both', () => [a, b].every((client) => client.held(typeUrls.cluster).has('old')));
  fixture.resources = (team) => {
    if (team === 'red') throw new Error('a defect');
    return resourceSet(cluster('new'));
  };
  fixture.ads.update();
  await waitFor('the update', () => b.held(typeUrls.cluster).has('new'));
  assert.ok(a.held(typeUrls.cluster).has('old'));
});

test('tells the owners of what a proxy rejects', async (t) => {
  const fixture = await start(t, () => resourceSet(route('r1', [])));
  fixture.connect('a', 'red', () => 'Only a single wildcard domain is permitted in r1');
  const [rejection] = await waitFor('the rejection', () => {
    const rejections = fixture.ads.rejections().filter(({ typeUrl }) => typeUrl === typeUrls.route);
    return rejections.length > 0 && rejections;
  });
  assert.deepEqual(rejection?.names, ['r1']);
  assert.deepEqual(rejection?.owners, [{ kind: 'VirtualService', namespace: 'default', name: 'r1' }]);
  assert.equal(rejection?.node.name, 'a.ns');
});
