// What the model keeps, reuses and reports, from manifest text on: the rules that a golden folder cannot show.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { buildModel } from '../../src/pilot/model/build-model.ts';
import { buildPortTable } from '../../src/pilot/model/build-port-table.ts';
import { buildProxyView } from '../../src/pilot/model/build-proxy-view.ts';
import type { Model } from '../../src/pilot/model/model.ts';
import type { ProxyClass } from '../../src/pilot/model/proxy-class.ts';
import { snapshotFromText } from '../../src/pilot/sources/files/snapshot-from-text.ts';

const proxyClass: ProxyClass = { namespace: 'istio-system', labels: { istio: 'ingressgateway' }, localNode: undefined };
const now = Date.parse('2026-06-01T00:00:00Z');

const build = (text: string, previous?: Model) => buildModel(previous, snapshotFromText({ 'a.yaml': text }), now);
const codes = (text: string): readonly string[] => build(text).diagnostics.map(({ code }) => code);

const mesh = (settings: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio, namespace: istio-system }\ndata:\n  mesh: ${JSON.stringify(settings)}\n---\n`;

interface ServerText {
  readonly port: number;
  readonly protocol: string;
  readonly hosts?: string;
  readonly rest?: string;
}
function gateway(name: string, servers: readonly ServerText[]): string {
  const lines = servers.map(
    ({ port, protocol, hosts = "'*'", rest = '' }, i) =>
      `    - { port: { number: ${port}, name: p${i}, protocol: ${protocol} }, hosts: [${hosts}]${rest} }`,
  );
  return `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: { name: ${name}, namespace: istio-system }\nspec:\n  selector: { istio: ingressgateway }\n  servers:\n${lines.join('\n')}\n---\n`;
}
const files = ', tls: { mode: SIMPLE, serverCertificate: /c, privateKey: /k }';
const listeners = (text: string) => buildProxyView(build(text).model, proxyClass).listeners;

const pem = (file: string): string =>
  Buffer.from(readFileSync(join(import.meta.dirname, '../corpus/certs', file))).toString('base64');
const secret = (certificate: string, key: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: { name: cred, namespace: istio-system }\ntype: kubernetes.io/tls\ndata: { tls.crt: ${pem(certificate)}, tls.key: ${pem(key)} }\n---\n`;
const tlsGateway = gateway('gw', [
  { port: 443, protocol: 'HTTPS', rest: ', tls: { mode: SIMPLE, credentialName: cred }' },
]);

describe('caCrl', () => {
  it('is reported where nothing reads it', () => {
    for (const tls of [
      'mode: SIMPLE, serverCertificate: /c, privateKey: /k, caCrl: /x',
      'mode: MUTUAL, credentialName: cred, caCrl: /x',
    ]) {
      const { diagnostics } = build(gateway('gw', [{ port: 443, protocol: 'HTTPS', rest: `, tls: { ${tls} }` }]));
      assert.ok(
        diagnostics.some(({ code, path }) => code === 'TG0008' && path === 'spec.servers[0].tls.caCrl'),
        tls,
      );
    }
  });
});

describe('mesh settings', () => {
  it('keep what was in force when they cannot be read', () => {
    const good = build(mesh('accessLogFile: /dev/stdout')).model;
    const topology = (count: string) => `defaultConfig: { gatewayTopology: { numTrustedProxies: ${count} } }`;
    const wrong = ['-1', '1.5', '"2"', '1001', '[2]'].map(topology);
    for (const bad of [
      ...wrong,
      'defaultConfig: 7',
      'accessLogFile: [',
      'accessLogEncoding: XML',
      '- a list',
      'accessLogFormat: "%NOPE%"',
    ]) {
      const { model, diagnostics } = build(mesh(bad), good);
      assert.deepEqual(model.mesh, good.mesh, bad);
      assert.deepEqual(
        diagnostics.map(({ code, severity }) => [code, severity]),
        [['IST0106', 'error']],
      );
    }
  });

  it('are the defaults without the ConfigMap, though there was one before', () => {
    const before = build(mesh('accessLogFile: /dev/stdout')).model;
    assert.equal(build('', before).model.mesh.accessLog, undefined);
  });

  it('end a text format with a line break', () => {
    const { accessLog } = build(mesh('accessLogFile: /x\naccessLogFormat: "%DURATION%"')).model.mesh;
    assert.deepEqual(accessLog, { path: '/x', format: { kind: 'text', template: '%DURATION%\n' } });
  });
});

describe('certificates', () => {
  it('stay in force when their Secret breaks, and go when it goes', () => {
    const good = build(tlsGateway + secret('a.crt', 'a.key')).model;
    const broken = build(tlsGateway + secret('a.crt', 'b.key'), good);
    const [served] = buildProxyView(broken.model, proxyClass).secrets;
    const chain = served?.content.kind === 'pair' ? served.content.pair.certificateChain : [];
    assert.deepEqual(Buffer.from(chain).toString('base64'), pem('a.crt'));
    assert.match(broken.diagnostics.find(({ code }) => code === 'TG0015')?.message ?? '', /before is still served/);
    const again = build(tlsGateway + secret('a.crt', 'b.key'), broken.model).model;
    assert.equal(buildProxyView(again, proxyClass).secrets.length, 1);
    assert.equal(buildProxyView(build(tlsGateway, broken.model).model, proxyClass).secrets.length, 0);
  });

  it('go only to proxies of their namespace', () => {
    const { model } = build(tlsGateway + secret('a.crt', 'a.key'));
    assert.equal(buildProxyView(model, proxyClass).secrets.length, 1);
    assert.equal(buildProxyView(model, { ...proxyClass, namespace: 'other' }).secrets.length, 0);
  });
});

describe('servers on one port', () => {
  it('serve TLS and plaintext when TLS came first, told apart by what the client begins with', () => {
    const [listener] = listeners(
      gateway('gw', [
        { port: 443, protocol: 'HTTPS', rest: files },
        { port: 443, protocol: 'HTTP' },
      ]),
    );
    assert.deepEqual(
      listener?.filterChains.map(({ plaintextOnly, tls }) => [plaintextOnly, tls?.certificates[0]?.kind]),
      [
        [true, undefined],
        [false, 'files'],
      ],
    );
  });

  it('leave the port to plaintext when that came first, as Istio does', () => {
    const text = gateway('gw', [
      { port: 80, protocol: 'HTTP' },
      { port: 80, protocol: 'HTTPS', rest: files },
    ]);
    assert.equal(listeners(text)[0]?.filterChains.length, 1);
    assert.ok(codes(text).includes('TG0011'));
  });

  it('lose only the hosts that an earlier TLS server has', () => {
    const text =
      gateway('a', [{ port: 443, protocol: 'HTTPS', hosts: 'a.com, dup.com', rest: files }]) +
      gateway('b', [{ port: 443, protocol: 'HTTPS', hosts: 'b.com, dup.com', rest: files }]);
    assert.deepEqual(
      listeners(text)[0]?.filterChains.map(({ serverNames }) => serverNames),
      [['a.com', 'dup.com'], ['b.com']],
    );
    assert.ok(codes(text).includes('TG0011'));
  });
});

describe('ports', () => {
  const service = (ports: string): string =>
    `apiVersion: v1\nkind: Service\nmetadata: { name: front, namespace: istio-system }\nspec:\n  type: NodePort\n  selector: { istio: ingressgateway }\n  ports: [${ports}]\n---\n`;
  const local: ProxyClass = { ...proxyClass, localNode: { bind: '127.0.0.1', portMap: {} } };
  const two = gateway('gw', [
    { port: 80, protocol: 'HTTP' },
    { port: 8080, protocol: 'HTTP' },
  ]);

  it('share a listener when the Service sends both to one target port', () => {
    const { model } = build(
      two +
        service(
          '{ name: a, port: 80, targetPort: 8080, nodePort: 30000 }, { name: b, port: 8080, targetPort: 8080, nodePort: 30001 }',
        ),
    );
    assert.deepEqual(
      buildPortTable(model, proxyClass).map(({ gatewayPort, targetPort }) => [gatewayPort, targetPort]),
      [
        [80, 8080],
        [8080, 8080],
      ],
    );
    const view = buildProxyView(model, local);
    assert.deepEqual(
      view.listeners.map(({ boundPort }) => boundPort),
      [30000],
    );
    assert.ok(view.diagnostics.some(({ code }) => code === 'TG0024'));
  });

  it('are told apart by the address they end at, the first one winning', () => {
    const mapped: ProxyClass = { ...proxyClass, localNode: { bind: '127.0.0.1', portMap: { 80: 8080 } } };
    const view = buildProxyView(build(two).model, mapped);
    assert.deepEqual(
      view.listeners.map(({ targetPort, boundPort }) => [targetPort, boundPort]),
      [[80, 8080]],
    );
    assert.ok(view.diagnostics.some(({ code }) => code === 'TG0011'));
  });
});

describe('models in a row', () => {
  const application = (name: string, address: string): string =>
    `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: default }\nspec: { ports: [{ name: http, port: 80 }] }\n---\n` +
    `apiVersion: v1\nkind: Endpoints\nmetadata: { name: ${name}, namespace: default }\nsubsets: [{ addresses: [{ ip: ${address} }], ports: [{ name: http, port: 80 }] }]\n---\n`;

  it('share the Services whose objects are the same', () => {
    const snapshot = snapshotFromText({
      'a.yaml': application('a', '10.0.0.1'),
      'b.yaml': application('b', '10.0.0.2'),
    });
    const first = buildModel(undefined, snapshot, now).model;
    const changed = snapshotFromText({ 'b.yaml': application('b', '10.0.0.3') });
    const endpoints = new Map([...snapshot.objects.Endpoints, ...changed.objects.Endpoints]);
    const second = buildModel(
      first,
      { ...snapshot, objects: { ...snapshot.objects, Endpoints: endpoints } },
      now,
    ).model;
    const host = (name: string): string => `${name}.default.svc.cluster.local`;
    assert.equal(second.services.get(host('a')), first.services.get(host('a')));
    assert.notEqual(second.services.get(host('b')), first.services.get(host('b')));
    assert.equal(second.services.get(host('b'))?.ports[0]?.endpoints[0]?.address, '10.0.0.3');
  });
});
