// What `--like-istio` changes: Istio's way where Tidegate differs on purpose (docs/differences.md).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { IstioBehavior } from '../../src/lib/istio-behaviors.ts';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import { buildProxyView } from '../../src/pilot/model/build-proxy-view.ts';
import type { ProxyClass } from '../../src/pilot/model/proxy-class.ts';
import type { ProxyView } from '../../src/pilot/model/proxy-view.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';

const proxyClass: ProxyClass = { namespace: 'istio-system', labels: { istio: 'ingressgateway' }, localNode: undefined };
const now = Date.parse('2026-06-01T00:00:00Z');

const view = (text: string, ...likeIstio: readonly IstioBehavior[]): ProxyView =>
  buildProxyView(
    buildModel(undefined, snapshotFromText({ 'a.yaml': text }), now, new Set(likeIstio)).model,
    proxyClass,
  );

const feature = (name: string): string => readFileSync(join(import.meta.dirname, name, 'manifests.yaml'), 'utf8');

const tlsGateway = (name: string, hosts: readonly string[]): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: [${hosts.map((host) => JSON.stringify(host)).join(', ')}]
      tls: { mode: SIMPLE, serverCertificate: /certs/crt, privateKey: /certs/key }
---
`;

const serverNames = ({ listeners }: ProxyView): readonly (readonly string[])[] =>
  listeners.flatMap(({ filterChains }) => filterChains.map((chain) => chain.serverNames));

const misdirected = ({ routeTables }: ProxyView): readonly string[] =>
  routeTables.flatMap((table) => table.misdirected);

describe('--like-istio', () => {
  it('misdirected-request: leaves the hosts of other chains alone', () => {
    assert.notDeepEqual(misdirected(view(feature('misdirected-request'))), []);
    assert.deepEqual(misdirected(view(feature('misdirected-request'), 'misdirected-request')), []);
  });

  it('duplicate-host: takes the whole server out', () => {
    const text = tlsGateway('a', ['x.test']) + tlsGateway('b', ['x.test', 'y.test']);
    assert.deepEqual(serverNames(view(text)), [['x.test'], ['y.test']]);
    assert.deepEqual(serverNames(view(text, 'duplicate-host')), [['x.test']]);
  });

  it('delegate: lets requests fall through to later rules', () => {
    const text = `${tlsGateway('a', ['*'])}apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: root, namespace: istio-system }
spec:
  hosts: [x.test]
  gateways: [a]
  http:
    - { match: [{ uri: { prefix: /a } }], delegate: { name: missing, namespace: default } }
    - { directResponse: { status: 200 } }
`;
    const kinds = (found: ProxyView) =>
      found.routeTables.flatMap(({ virtualHosts }) =>
        [...virtualHosts.values()].flatMap(({ routes }) => routes.map(({ action }) => action.kind)),
      );
    assert.deepEqual(kinds(view(text)), ['broken', 'direct']);
    assert.deepEqual(kinds(view(text, 'delegate')), ['direct']);
  });

  it("ingress-secret: looks in the gateway's namespace only", () => {
    const text = feature('ingress');
    const shared = ({ secrets }: ProxyView) => secrets.filter(({ secret }) => secret.sharedBy !== undefined).length;
    assert.ok(shared(view(text)) > 0);
    assert.equal(shared(view(text, 'ingress-secret')), 0);
  });
});

describe('misdirected requests', () => {
  const many = (count: number, domain: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => tlsGateway(`gw-${i}`, [domain(i)])).join('');

  it('of many hosts under one parent cost each table one name', () => {
    const { routeTables } = view(many(150, (i) => `h${i}.example.com`));
    for (const { misdirected: domains, unrouted } of routeTables) {
      assert.deepEqual(domains, ['*.example.com']);
      assert.equal(unrouted.length, 1);
    }
  });

  it('never lead around client certificates, however many hosts there are', () => {
    const mutual = tlsGateway('mutual', ['*.secret.test']).replace('SIMPLE', 'MUTUAL, caCertificates: /certs/ca');
    const any = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: any, namespace: istio-system }
spec: { hosts: ['*'], gateways: [any], http: [{ directResponse: { status: 200 } }] }
---
`;
    const { routeTables } = view(mutual + tlsGateway('any', ['*']) + any + many(150, (i) => `h${i}.example.com`));
    const table = routeTables.find(({ key }) => key.kind === 'https' && key.gateway === 'any');
    assert.ok(table?.misdirected.includes('*.secret.test'));
  });

  it('of many hosts without a common parent cost each table a bounded number of names', () => {
    const { routeTables } = view(many(250, (i) => `www.d${i}.test`));
    assert.equal(routeTables.length, 250);
    for (const table of routeTables) assert.ok(table.misdirected.length <= 100);
  });
});
