// EnvoyFilters over a whole set: what stays the object that it was, who owns what, who waits for whom, and how a bad patch ends.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import type { Model } from '../../src/pilot/model/model.ts';
import type { ProxyClass } from '../../src/pilot/model/proxy-class.ts';
import { buildResources, diagnosePatches } from '../../src/pilot/patch/build-resources.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';
import { translate } from '../../src/pilot/translate/translate.ts';
import type { ResourceSet, XdsResource } from '../../src/xds/resource.ts';
import { resourceToJson } from '../../src/xds/resource-json.ts';
import { type TypeUrl, typeUrls } from '../../src/xds/type-urls.ts';

const proxyClass: ProxyClass = {
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway' },
  localNode: undefined,
};

const surroundings = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gw, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers:
    - { port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }
    - { port: { number: 81, name: http-b, protocol: HTTP }, hosts: ["*"] }
---
apiVersion: v1
kind: Service
metadata: { name: a, namespace: default }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: b, namespace: default }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: v, namespace: default }
spec:
  hosts: [a.example.com]
  gateways: [istio-system/gw]
  http:
    - { match: [{ uri: { prefix: /b } }], route: [{ destination: { host: b } }] }
    - { route: [{ destination: { host: a } }] }
`;

type Patch = Readonly<Record<string, unknown>>;

const envoyFilter = (name: string, configPatches: readonly Patch[]) =>
  `---\n${JSON.stringify({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name, namespace: 'istio-system' },
    spec: { configPatches },
  })}\n`;

const snapshotOf = (...filters: readonly string[]) =>
  snapshotFromText({ 'a.yaml': surroundings, 'b.yaml': filters.join('') });
const modelOf = (...filters: readonly string[]): Model => buildModel(undefined, snapshotOf(...filters)).model;

const cluster = (host: string): string => `outbound|80||${host}.default.svc.cluster.local`;
const ofCluster = (name: string, operation: string, value?: unknown): Patch => ({
  applyTo: 'CLUSTER',
  match: { context: 'GATEWAY', cluster: { name } },
  patch: { operation, value },
});
const slow = ofCluster(cluster('a'), 'MERGE', { connect_timeout: '9s' });
const toRoute = (operation: string, value: unknown): Patch => ({
  applyTo: 'HTTP_ROUTE',
  match: { context: 'GATEWAY', routeConfiguration: { portNumber: 80, vhost: { name: 'a.example.com:80' } } },
  patch: { operation, value },
});

function get(set: ResourceSet, typeUrl: TypeUrl, name: string): XdsResource {
  const resource = set.get(typeUrl)?.get(name);
  assert.ok(resource, name);
  return resource;
}
const ownersOf = ({ owners }: XdsResource): readonly string[] => owners.map(({ kind, name }) => `${kind}/${name}`);

describe('a set of resources', () => {
  it('is the one that was translated where there is no EnvoyFilter, or none for this gateway', () => {
    const model = modelOf();
    assert.equal(buildResources(model, proxyClass), translate(model, proxyClass));
    const other = modelOf(envoyFilter('f', [{ ...slow, match: { context: 'SIDECAR_INBOUND' } }]));
    assert.equal(buildResources(other, proxyClass), translate(other, proxyClass));
  });

  it('shares all that no patch changes', () => {
    const model = modelOf(envoyFilter('f', [slow]));
    const [before, after] = [translate(model, proxyClass), buildResources(model, proxyClass)];
    const changed = [...after].flatMap(([typeUrl, resources]) =>
      [...resources.values()].filter((one) => before.get(typeUrl)?.get(one.name) !== one),
    );
    assert.deepEqual(
      changed.map(({ name }) => name),
      [cluster('a')],
    );
    assert.equal(after.get(typeUrls.listener), before.get(typeUrls.listener));
    assert.ok(ownersOf(changed[0]!).includes('EnvoyFilter/f'));
  });

  it('has the patched object of before, where it is made of the same', () => {
    const filter = envoyFilter('f', [slow]);
    const first = snapshotOf(filter);
    const other = snapshotFromText({ 'a.yaml': surroundings.replace('prefix: /b', 'prefix: /c') });
    const second = { ...other, objects: { ...other.objects, EnvoyFilter: first.objects.EnvoyFilter } };
    const [a, b] = [first, second].map((one) => buildResources(buildModel(undefined, one).model, proxyClass));
    assert.equal(get(a!, typeUrls.cluster, cluster('a')), get(b!, typeUrls.cluster, cluster('a')));
    assert.notEqual(get(a!, typeUrls.route, 'http.80').version, get(b!, typeUrls.route, 'http.80').version);
  });

  it('waits for clusters that are added, and not for those that are removed', () => {
    const own = { name: 'own', type: 'STATIC', connect_timeout: '1s' };
    const model = modelOf(
      envoyFilter('f', [
        { applyTo: 'CLUSTER', patch: { operation: 'ADD', value: own } },
        ofCluster(cluster('b'), 'REMOVE'),
        toRoute('INSERT_FIRST', { match: { prefix: '/own' }, route: { cluster: 'own' } }),
      ]),
    );
    const set = buildResources(model, proxyClass);
    const references = (name: string) => get(set, typeUrls.route, name).references.map((one) => one.name);
    assert.deepEqual(references('http.80'), [cluster('a'), 'own']);
    // Not patched, and still it must not wait for what is gone.
    assert.deepEqual(references('http.81'), [cluster('a')]);
    assert.deepEqual([...(set.get(typeUrls.cluster)?.keys() ?? [])], ['BlackHoleCluster', cluster('a'), 'own']);
    assert.equal(set.get(typeUrls.endpoint)?.has(cluster('b')), false);
  });

  it('loses the one patch of many that spoils a resource', () => {
    const add = (key: string) => toRoute('MERGE', { response_headers_to_add: [{ header: { key, value: 'v' } }] });
    const names = Array.from({ length: 40 }, (_, i) => `x-${i}`);
    const bad = new Set(['x-7', 'x-8', 'x-39']);
    const patches = names.map((name) => add(bad.has(name) ? ':bad' : name));
    const model = modelOf(envoyFilter('f', patches));
    const json = resourceToJson(
      typeUrls.route,
      get(buildResources(model, proxyClass), typeUrls.route, 'http.80').bytes,
    );
    const served = [...JSON.stringify(json).matchAll(/"key":"(x-\d+)"/g)].map(([, name]) => name);
    assert.deepEqual(new Set(served), new Set(names.filter((name) => !bad.has(name))));
    assert.deepEqual(
      diagnosePatches(model, [proxyClass]).map(({ code, path }) => `${code} ${path}`),
      ['TG0035 spec.configPatches[7]', 'TG0035 spec.configPatches[8]', 'TG0035 spec.configPatches[39]'],
    );
  });

  it('gives up where too many spoil it, in bounded time', () => {
    const patches = Array.from({ length: 2000 }, () => toRoute('MERGE', { request_headers_to_remove: ['host'] }));
    const model = modelOf(envoyFilter('f', patches));
    const start = performance.now();
    const set = buildResources(model, proxyClass);
    assert.ok(performance.now() - start < 30_000);
    const before = translate(model, proxyClass);
    assert.equal(get(set, typeUrls.route, 'http.80'), get(before, typeUrls.route, 'http.80'));
    assert.equal(diagnosePatches(model, [proxyClass]).length, 2000);
  });

  it('has a word for patches that fit none of the gateways, and not for those that fit one', () => {
    const model = modelOf(envoyFilter('f', [slow, ofCluster('nobody', 'REMOVE')]));
    const other = { ...proxyClass, labels: { istio: 'other' } };
    const told = (classes: readonly ProxyClass[]) =>
      diagnosePatches(model, classes).map(({ code, path }) => `${code} ${path}`);
    assert.deepEqual(told([]), []);
    assert.deepEqual(told([proxyClass, other]), ['TG0036 spec.configPatches[1]']);
    assert.deepEqual(told([other]), ['TG0036 spec.configPatches[0]', 'TG0036 spec.configPatches[1]']);
  });
});
