// Istio's host and gateway name rules, with the properties that any list of hosts must keep.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  compareHosts,
  indexHosts,
  intersectHosts,
  isHostName,
  isSubsetOf,
  parseServerHost,
  resolveGatewayName,
  resolveShortName,
} from './host-names.ts';

const label = fc.constantFrom('a', 'b', 'www', 'example', 'com');
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const host = fc.oneof(
  name,
  name.map((text) => `*.${text}`),
  fc.constant('*'),
);

/** What a data plane does with a host that is requested. */
const takes = (pattern: string, requested: string): boolean =>
  pattern === '*' || pattern === requested || (pattern.startsWith('*') && requested.endsWith(pattern.slice(1)));

describe('intersectHosts', () => {
  it('lets the narrower win, from either side', () => {
    assert.deepEqual(intersectHosts(indexHosts(['*.foo.com']), ['a.foo.com', 'b.bar.com']), ['a.foo.com']);
    assert.deepEqual(intersectHosts(indexHosts(['a.foo.com', 'b.foo.com']), ['*.foo.com']), ['a.foo.com', 'b.foo.com']);
    assert.deepEqual(intersectHosts(indexHosts(['*.com']), ['*.foo.com']), ['*.foo.com']);
    assert.deepEqual(intersectHosts(indexHosts(['*']), ['*']), ['*']);
  });

  it('does not take a domain for its own wildcard', () => {
    assert.deepEqual(intersectHosts(indexHosts(['*.foo.com']), ['foo.com']), []);
    assert.deepEqual(intersectHosts(indexHosts(['*.foo.com']), ['barfoo.com']), []);
  });

  it('takes exactly the requests that both lists take', () => {
    fc.assert(
      fc.property(
        fc.array(host, { maxLength: 4 }),
        fc.array(host, { maxLength: 4 }),
        name,
        (first, second, requested) => {
          const some = (hosts: readonly string[]): boolean => hosts.some((pattern) => takes(pattern, requested));
          assert.equal(some(intersectHosts(indexHosts(first), second)), some(first) && some(second));
        },
      ),
    );
  });
});

describe('isSubsetOf', () => {
  it('is reflexive and transitive', () => {
    fc.assert(
      fc.property(host, host, host, (a, b, c) => {
        assert.ok(isSubsetOf(a, a));
        if (isSubsetOf(a, b) && isSubsetOf(b, c)) assert.ok(isSubsetOf(a, c));
      }),
    );
  });
});

describe('compareHosts', () => {
  it('puts exact before wildcard and longer before shorter', () => {
    assert.deepEqual(['*', 'a.com', '*.a.com', 'dup.a.com', 'b.com'].sort(compareHosts), [
      'dup.a.com',
      'a.com',
      'b.com',
      '*.a.com',
      '*',
    ]);
  });
});

describe('names', () => {
  it('expands short Service names only', () => {
    assert.equal(resolveShortName('counter', 'shop'), 'counter.shop.svc.cluster.local');
    for (const text of ['echo.team-a', 'a.example.com', '*', '10.0.0.1', '::1'])
      assert.equal(resolveShortName(text, 'shop'), text);
  });

  it('resolves Gateways written short, with a namespace, or as a host', () => {
    assert.equal(resolveGatewayName('gw', 'shop'), 'shop/gw');
    assert.equal(resolveGatewayName('./gw', 'shop'), 'shop/gw');
    assert.equal(resolveGatewayName('istio-system/gw', 'shop'), 'istio-system/gw');
    assert.equal(resolveGatewayName('gw.istio-system', 'shop'), 'istio-system/gw');
    assert.equal(resolveGatewayName('gw.istio-system.svc.cluster.local', 'shop'), 'istio-system/gw');
    assert.equal(resolveGatewayName('mesh', 'shop'), 'mesh');
  });

  it('splits the namespace from a host of a server', () => {
    assert.deepEqual(parseServerHost('A.example.com', 'gw'), { namespace: '*', host: 'a.example.com' });
    assert.deepEqual(parseServerHost('./a.com', 'gw'), { namespace: 'gw', host: 'a.com' });
    assert.deepEqual(parseServerHost('*/a.com', 'gw'), { namespace: '*', host: 'a.com' });
    assert.deepEqual(parseServerHost('team/*', 'gw'), { namespace: 'team', host: '*' });
  });

  it('refuses what no data plane takes as a domain', () => {
    for (const text of ['*', 'a.com', '*.a.com', 'a_b.com', '10.0.0.1', '::1']) assert.ok(isHostName(text), text);
    for (const text of ['', '*a.com', 'a.*.com', 'a.com:80', 'a..com', 'http://a.com', 'a b', 'x'.repeat(300), '**'])
      assert.ok(!isHostName(text), text);
  });
});
