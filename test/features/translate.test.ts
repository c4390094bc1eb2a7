// The law of translate: the same objects give the same bytes, in any order, and what did not change is not made again.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import type { ProxyClass } from '../../src/pilot/model/proxy-class.ts';
import type { Snapshot, SnapshotObjects } from '../../src/pilot/resources/snapshot.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';
import { proxyClassKey, proxyClassOf } from '../../src/pilot/translate/proxy-class-of.ts';
import { translate } from '../../src/pilot/translate/translate.ts';
import type { ResourceSet } from '../../src/xds/resource.ts';
import { typeUrls } from '../../src/xds/type-urls.ts';

const proxyClass: ProxyClass = {
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway', app: 'istio-ingressgateway' },
  localNode: undefined,
};

const cases = join(import.meta.dirname, '../corpus/cases');
const read = (name: string): string => readFileSync(join(cases, name, 'manifests.yaml'), 'utf8');
const corpus = (name: string): Snapshot => snapshotFromText({ 'manifests.yaml': read(name) });

const bytesOf = (set: ResourceSet): readonly string[] =>
  [...set]
    .flatMap(([typeUrl, resources]) =>
      [...resources.values()].map(({ name, version, bytes, references, owners }) =>
        JSON.stringify([typeUrl, name, version, Buffer.from(bytes).toString('base64'), references, owners]),
      ),
    )
    .sort();

/** The same objects, each map in the order that the numbers ask for. */
function shuffle(snapshot: Snapshot, numbers: readonly number[]): Snapshot {
  const objects = Object.fromEntries(
    Object.entries(snapshot.objects).map(([kind, map]) => {
      const entries = [...(map as ReadonlyMap<string, unknown>)].map((entry, i) => ({
        entry,
        at: numbers[i % numbers.length] ?? 0,
      }));
      return [kind, new Map(entries.toSorted((a, b) => a.at - b.at).map(({ entry }) => entry))];
    }),
  );
  return { ...snapshot, objects: objects as unknown as SnapshotObjects };
}

describe('translate', () => {
  it('gives the same bytes for a hundred shuffles of the same objects', () => {
    for (const name of ['01-seed', '11-several-vs-one-host', '38-tls-credential-name', '70-several-gateways']) {
      const snapshot = corpus(name);
      const expected = bytesOf(translate(buildModel(undefined, snapshot).model, proxyClass));
      fc.assert(
        fc.property(fc.array(fc.integer(), { minLength: 7, maxLength: 13 }), (numbers) => {
          const { model } = buildModel(undefined, shuffle(snapshot, numbers));
          assert.deepEqual(bytesOf(translate(model, proxyClass)), expected);
        }),
        { numRuns: 25 },
      );
    }
  });

  it('gives the same bytes whether it starts anew or goes on from another state', () => {
    const before = buildModel(undefined, corpus('72-port-translation')).model;
    const anew = translate(buildModel(undefined, corpus('01-seed')).model, proxyClass);
    assert.deepEqual(bytesOf(translate(buildModel(before, corpus('01-seed')).model, proxyClass)), bytesOf(anew));
  });

  it('shares one result between equal classes of proxies', () => {
    const { model } = buildModel(undefined, corpus('01-seed'));
    const labels = { app: 'istio-ingressgateway', istio: 'ingressgateway' };
    assert.equal(translate(model, proxyClass), translate(model, { ...proxyClass, labels }));
  });

  it('keeps clusters and endpoints of Services that did not change', () => {
    const snapshot = corpus('05-uri-match');
    const first = buildModel(undefined, snapshot).model;
    const second = buildModel(first, { ...snapshot, objects: { ...snapshot.objects, Pod: new Map() } }).model;
    const [a, b] = [translate(first, proxyClass), translate(second, proxyClass)];
    for (const typeUrl of [typeUrls.cluster, typeUrls.endpoint])
      for (const [name, resource] of a.get(typeUrl) ?? [])
        if (name.startsWith('outbound')) assert.equal(b.get(typeUrl)?.get(name), resource, name);
  });

  it('refers only to what it sends, so that nothing waits for ever', () => {
    for (const name of readdirSync(cases)) {
      const set = translate(buildModel(undefined, corpus(name)).model, proxyClass);
      for (const resources of set.values())
        for (const { references } of resources.values())
          for (const reference of references)
            assert.ok(set.get(reference.typeUrl)?.has(reference.name), `${name}: ${reference.name}`);
    }
  });

  it('names owners that exist', () => {
    for (const name of readdirSync(cases)) {
      const snapshot = corpus(name);
      for (const resources of translate(buildModel(undefined, snapshot).model, proxyClass).values())
        for (const { owners, name: resource } of resources.values())
          for (const owner of owners) {
            const kind = snapshot.objects[owner.kind as keyof SnapshotObjects] as ReadonlyMap<string, unknown>;
            assert.ok(kind.has(`${owner.namespace}/${owner.name}`), `${name}: ${resource}`);
          }
    }
  });
});

describe('proxyClassOf', () => {
  const node = {
    id: 'router~10.0.0.1~gw-0.istio-system~istio-system.svc.cluster.local',
    name: 'gw-0.istio-system',
    namespace: 'istio-system',
    labels: { a: '1', b: '2' },
    dataPlane: 'envoy',
    localNode: { bind: '127.0.0.1', portMap: { 80: 8080, 443: 8443 } },
    locality: 'r/z',
    nodeName: '',
    adminAddress: undefined,
    version: '1',
  } as const;

  it('is equal for proxies that differ in name, address and data plane only', () => {
    const other = {
      ...node,
      name: 'gw-1.istio-system',
      id: 'x',
      dataPlane: 'embedded',
      labels: { b: '2', a: '1' },
    } as const;
    assert.equal(proxyClassKey(proxyClassOf(node)), proxyClassKey(proxyClassOf(other)));
  });

  it('differs with namespace, labels, metadata and what is bound', () => {
    const keys = [
      node,
      { ...node, namespace: 'other' },
      { ...node, labels: { a: '1' } },
      { ...node, metadata: { CLUSTER_ID: 'west' } },
      { ...node, localNode: undefined },
      { ...node, locality: 'r/z2' },
      { ...node, nodeName: 'n' },
      { ...node, localNode: { bind: '127.0.0.1', portMap: { 80: 8081 } } },
    ].map((one) => proxyClassKey(proxyClassOf(one)));
    assert.equal(new Set(keys).size, keys.length);
  });
});
