// The life of the engine's configuration: what a stream of responses leaves in force.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { pushOrder, typeUrls } from '../../../xds/type-urls.ts';
import { createConfigStore } from './create-config-store.ts';
import {
  assignment,
  cluster,
  endpoint,
  listener,
  manager,
  routes,
  routeTo,
  sds,
  tcpProxy,
  tls,
  update,
  virtualHost,
} from './resources.fixture.ts';

const http80 = routes('http.80', [virtualHost(['a.org'], [routeTo('a')])]);

/** One listener with routes, one cluster with an endpoint: everything is there. */
function servingStore() {
  const store = createConfigStore();
  store.apply(update(typeUrls.cluster, [cluster('a')]));
  store.apply(update(typeUrls.endpoint, [assignment('a', [endpoint('10.0.0.1', 80)])]));
  store.apply(update(typeUrls.listener, [listener('0.0.0.0_80', 80)]));
  store.apply(update(typeUrls.route, [http80]));
  return store;
}

describe('what is asked for', () => {
  test('follows from the content', () => {
    const store = createConfigStore();
    store.apply(update(typeUrls.cluster, [cluster('b'), cluster('a'), cluster('static', { type: 'STATIC' })]));
    const secrets = [sds('kubernetes://cert'), sds('file-cert:/c~/k', 'sds-grpc')];
    const https = listener('0.0.0.0_443', 443, {
      filter_chains: [{ filters: [manager()], transport_socket: tls(secrets) }],
    });
    store.apply(update(typeUrls.listener, [https]));
    assert.deepEqual(store.wanted(), {
      endpoints: ['a', 'b'],
      scopes: false,
      routes: ['http.80'],
      secrets: ['kubernetes://cert'],
      fileSecrets: ['file-cert:/c~/k'],
    });
  });

  test('ends with what named it, and is then forgotten', () => {
    const store = servingStore();
    store.apply(update(typeUrls.listener, [], ['0.0.0.0_80']));
    store.apply(update(typeUrls.cluster, [], ['a']));
    assert.deepEqual(store.wanted(), { endpoints: [], scopes: false, routes: [], secrets: [], fileSecrets: [] });
    assert.equal(store.held(typeUrls.route).size + store.held(typeUrls.endpoint).size, 0);
    assert.equal(store.current().routes.size + store.current().clusters.size + store.current().listeners.size, 0);
  });
});

describe('warming', () => {
  test('a listener waits for its routes', () => {
    const store = createConfigStore();
    store.apply(update(typeUrls.cluster, []));
    store.apply(update(typeUrls.listener, [listener('0.0.0.0_80', 80)]));
    assert.equal(store.current().listeners.size, 0);
    assert.equal(store.isComplete(), false);
    store.apply(update(typeUrls.route, [http80]));
    assert.deepEqual([...store.current().listeners.keys()], ['0.0.0.0_80']);
    assert.equal(store.isComplete(), true);
  });

  test('a listener waits for its secrets, and serves when they are known to be missing', () => {
    const store = createConfigStore();
    const chain = { filters: [tcpProxy()], transport_socket: tls([sds('kubernetes://cert')]) };
    store.apply(update(typeUrls.listener, [listener('0.0.0.0_443', 443, { filter_chains: [chain] })]));
    assert.equal(store.current().listeners.size, 0);
    store.apply(update(typeUrls.secret, [], ['kubernetes://cert']));
    assert.equal(store.current().listeners.size, 1);
  });

  test('a listener serves although a secret is refused: the other chains must not suffer', () => {
    const store = createConfigStore();
    const chain = { filters: [tcpProxy()], transport_socket: tls([sds('kubernetes://cert')]) };
    store.apply(update(typeUrls.listener, [listener('0.0.0.0_443', 443, { filter_chains: [chain] })]));
    const garbage = { certificate_chain: { inline_string: 'x' }, private_key: { inline_string: 'secret stuff' } };
    const verdict = store.apply(update(typeUrls.secret, [{ name: 'kubernetes://cert', tls_certificate: garbage }]));
    assert.equal(verdict, 'kubernetes://cert: Failed to load certificate chain from <inline>');
    assert.equal(store.current().listeners.size, 1);
  });

  test('a new version of a listener waits while the old one serves', () => {
    const store = servingStore();
    const before = store.current().listeners.get('0.0.0.0_80');
    const chain = { filters: [manager({ rds: { route_config_name: 'other', config_source: { ads: {} } } })] };
    store.apply(update(typeUrls.listener, [listener('0.0.0.0_80', 80, { filter_chains: [chain] })], [], '2'));
    assert.equal(store.current().listeners.get('0.0.0.0_80'), before);
    assert.deepEqual(store.wanted().routes, ['http.80', 'other'], 'the old one still needs its routes');
    assert.ok(store.current().routes.has('http.80'));
    store.apply(update(typeUrls.route, [routes('other', [])]));
    assert.equal(store.current().listeners.get('0.0.0.0_80')?.version, '2');
    assert.deepEqual([...store.current().routes.keys()], ['other']);
  });

  test('a cluster waits for its endpoints, and is empty when they are known to be missing', () => {
    const store = createConfigStore();
    assert.equal(store.hasAllClusters(), false);
    store.apply(update(typeUrls.cluster, [cluster('a'), cluster('b')]));
    assert.equal(store.current().clusters.size, 0);
    assert.equal(store.hasAllClusters(), false);
    store.apply(update(typeUrls.endpoint, [assignment('a', [endpoint('10.0.0.1', 80)])], ['b']));
    assert.equal(store.current().clusters.get('a')?.endpoints.length, 1);
    assert.deepEqual(store.current().clusters.get('b')?.endpoints, []);
    assert.equal(store.hasAllClusters(), true);
  });

  test('nothing is complete before listeners and clusters have been told, be there none', () => {
    const store = createConfigStore();
    store.apply(update(typeUrls.cluster, []));
    assert.equal(store.isComplete(), false);
    store.apply(update(typeUrls.listener, []));
    assert.equal(store.isComplete(), true);
  });
});

describe('a refused resource', () => {
  test('keeps its last version, while the good ones of the response apply', () => {
    const store = servingStore();
    const before = store.current().clusters.get('a');
    const verdict = store.apply(
      update(typeUrls.cluster, [
        cluster('a', { connect_timeout: '0s' }),
        cluster('b', { type: 'STATIC' }),
        { name: 'c', type: 'EDS' },
      ]),
    );
    assert.equal(
      verdict,
      'Error adding/updating cluster(s) a: Proto constraint validation failed (ClusterValidationError.ConnectTimeout: value must be greater than 0s)\n' +
        'c: cannot create an EDS cluster without an EDS config',
    );
    assert.equal(store.current().clusters.get('a'), before);
    assert.ok(store.current().clusters.has('b'));
    assert.ok(!store.held(typeUrls.cluster).has('c'));
  });

  test('is replaced as soon as it is good again', () => {
    const store = servingStore();
    const bad = routes('http.80', [virtualHost(['a.org']), virtualHost(['A.org'])]);
    assert.match(store.apply(update(typeUrls.route, [bad])) ?? '', /^http\.80: Only unique values for domains/);
    assert.equal(store.apply(update(typeUrls.route, [routes('http.80', [])], [], '3')), undefined);
    assert.equal(store.current().routes.get('http.80')?.version, '3');
  });

  test('may be a second listener on an address that is taken', () => {
    const store = servingStore();
    const verdict = store.apply(update(typeUrls.listener, [listener('other', 80)]));
    assert.match(verdict ?? '', /other: error adding listener: 'other' has duplicate address '0\.0\.0\.0:80'/);
    assert.equal(store.apply(update(typeUrls.listener, [listener('other', 80)], ['0.0.0.0_80'])), undefined);
  });

  test('may be no message at all, or one of another name', () => {
    const store = createConfigStore();
    const bytes = new Uint8Array([0xff, 0xff]);
    const [right] = update(typeUrls.cluster, [cluster('right')]).resources;
    const resources = [
      { name: 'x', version: '1', bytes },
      { ...right!, name: 'wrong' },
    ];
    assert.equal(
      store.apply({ typeUrl: typeUrls.cluster, resources, removed: [] }),
      'Error adding/updating cluster(s) x: Unable to unpack as envoy.config.cluster.v3.Cluster\n' +
        'wrong: Unexpected resource name: expected wrong, got right',
    );
  });
});

describe('identity', () => {
  test('what did not change stays the same object', () => {
    const store = servingStore();
    const before = store.current();
    let told = 0;
    store.subscribe(() => told++);
    store.apply(update(typeUrls.cluster, [cluster('a')], [], '2'));
    store.apply(update(typeUrls.endpoint, [assignment('a', [endpoint('10.0.0.1', 80)])], [], '2'));
    store.apply(update(typeUrls.listener, [listener('0.0.0.0_80', 80)], [], '2'));
    store.apply(update(typeUrls.route, [http80], [], '2'));
    assert.equal(store.current(), before);
    assert.equal(told, 0);
    assert.equal(store.held(typeUrls.route).get('http.80')?.version, '2', "but the server's version is known");
  });

  test('endpoints that changed are a new cluster, and nothing else', () => {
    const store = servingStore();
    const before = store.current();
    const seen: unknown[] = [];
    const stop = store.subscribe((config) => seen.push(config));
    store.apply(update(typeUrls.endpoint, [assignment('a', [endpoint('10.0.0.2', 80)])], [], '2'));
    const after = store.current();
    assert.deepEqual(seen, [after]);
    assert.notEqual(after.clusters.get('a')?.version, before.clusters.get('a')?.version);
    assert.equal(after.listeners, before.listeners);
    assert.equal(after.routes, before.routes);
    stop();
    store.apply(update(typeUrls.endpoint, [assignment('a', [])], [], '3'));
    assert.equal(seen.length, 1);
  });
});

test('a replay brings another store to the same state', () => {
  const store = servingStore();
  const chain = { filters: [tcpProxy()], transport_socket: tls([sds('kubernetes://gone')]) };
  store.apply(update(typeUrls.listener, [listener('0.0.0.0_443', 443, { filter_chains: [chain] })]));
  store.apply(update(typeUrls.secret, [], ['kubernetes://gone']));
  const copy = createConfigStore();
  for (const step of store.replay()) assert.equal(copy.apply(step), undefined);
  assert.deepEqual([...copy.current().listeners.keys()].sort(), ['0.0.0.0_443', '0.0.0.0_80']);
  assert.deepEqual(copy.current().clusters, store.current().clusters);
  assert.equal(copy.isComplete(), true);
  assert.deepEqual(createConfigStore().replay(), []);
});

test('a cluster that is pointed at other endpoints serves the old ones until the new ones are here', () => {
  const store = servingStore();
  const moved = cluster('a', { eds_cluster_config: { eds_config: { ads: {} }, service_name: 'elsewhere' } });
  store.apply(update(typeUrls.cluster, [moved], [], '2'));
  assert.equal(store.current().clusters.get('a')?.endpoints[0]?.address, '10.0.0.1');
  assert.equal(store.isComplete(), false);
  store.apply(update(typeUrls.endpoint, [assignment('elsewhere', [endpoint('10.0.0.9', 80)])]));
  assert.equal(store.current().clusters.get('a')?.endpoints[0]?.address, '10.0.0.9');
});

test('no bytes throw, or disturb what serves', () => {
  const store = servingStore();
  const before = store.current();
  fc.assert(
    fc.property(fc.constantFrom(...pushOrder), fc.uint8Array({ maxLength: 64 }), (typeUrl, bytes) => {
      store.apply({ typeUrl, resources: [{ name: 'fuzz', version: '1', bytes }], removed: [] });
      assert.equal(store.current(), before);
    }),
  );
});

test('damaged resources throw nothing either', () => {
  const whole = update(typeUrls.listener, [listener('0.0.0.0_80', 80)]).resources[0]!;
  fc.assert(
    fc.property(fc.nat(whole.bytes.length - 1), fc.nat(255), (position, byte) => {
      const bytes = Uint8Array.from(whole.bytes);
      bytes[position] = byte;
      createConfigStore().apply({ typeUrl: typeUrls.listener, resources: [{ ...whole, bytes }], removed: [] });
    }),
  );
});

test('10,000 clusters and their endpoints are taken in seconds, one more in milliseconds', () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `outbound|80||s${i}.default.svc.cluster.local`);
  const clusters = update(
    typeUrls.cluster,
    names.map((name) => cluster(name)),
  );
  const endpoints = update(
    typeUrls.endpoint,
    names.map((name) => assignment(name, [endpoint('10.0.0.1', 80)])),
  );
  const store = createConfigStore();
  const start = performance.now();
  store.apply(clusters);
  store.apply(endpoints);
  assert.equal(store.current().clusters.size, 10_000);
  assert.ok(performance.now() - start < 10_000);
  const again = performance.now();
  for (let i = 0; i < 10; i++)
    store.apply(update(typeUrls.endpoint, [assignment(names[i]!, [endpoint('10.0.0.2', 80)])], [], '2'));
  assert.ok(performance.now() - again < 1000, 'at most 100 ms each, on any machine');
});
