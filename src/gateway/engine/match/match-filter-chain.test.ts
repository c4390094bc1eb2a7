// Which filter chain serves a connection.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FilterChainConfig, ListenerConfig } from '../config/engine-config.ts';
import { type ConnectionTraits, matchFilterChain } from './match-filter-chain.ts';

function chain(name: string, match: Partial<FilterChainConfig['match']>): FilterChainConfig {
  return {
    name,
    match: { serverNames: [], transportProtocol: '', applicationProtocols: [], ...match },
    tls: undefined,
    transportSocketConnectTimeoutMs: 0,
    network: {
      kind: 'tcp',
      statPrefix: name,
      clusters: { entries: [{ cluster: 'c', weight: 1 }], totalWeight: 1 },
      idleTimeoutMs: 0,
      accessLogs: [],
    },
  };
}

function listener(filterChains: readonly FilterChainConfig[], defaultFilterChain?: FilterChainConfig): ListenerConfig {
  return {
    name: '0.0.0.0_443',
    version: '1',
    address: '0.0.0.0',
    port: 443,
    tlsInspector: true,
    perConnectionBufferLimitBytes: 1,
    filterChains,
    defaultFilterChain,
    accessLogs: [],
    listenerFiltersTimeoutMs: 0,
  };
}

const tls = (serverName?: string, applicationProtocols: readonly string[] = []): ConnectionTraits => ({
  serverName,
  transportProtocol: 'tls',
  applicationProtocols,
});
const plaintext: ConnectionTraits = {
  serverName: undefined,
  transportProtocol: 'raw_buffer',
  applicationProtocols: [],
};

describe('by server name', () => {
  const https = listener([
    chain('exact', { serverNames: ['a.example.com', 'www.a.example.com'] }),
    chain('long', { serverNames: ['*.a.example.com'] }),
    chain('short', { serverNames: ['*.example.com'] }),
  ]);
  const nameFor = (sni: string | undefined): string | undefined => matchFilterChain(https, tls(sni))?.name;

  test('an exact name goes before a wildcard', () => assert.equal(nameFor('www.a.example.com'), 'exact'));
  test('case does not count', () => assert.equal(nameFor('A.Example.COM'), 'exact'));
  test('the longest wildcard wins', () => assert.equal(nameFor('x.a.example.com'), 'long'));
  test('a wildcard covers several labels', () => assert.equal(nameFor('x.y.b.example.com'), 'short'));
  test('a wildcard does not cover its own domain', () => assert.equal(nameFor('example.com'), undefined));
  test('no name is none of the named chains', () => assert.equal(nameFor(undefined), undefined));
  test('an unknown name is taken by the default chain', () => {
    const fallback = chain('default', {});
    assert.equal(matchFilterChain(listener(https.filterChains, fallback), tls('other.org')), fallback);
  });
});

describe('by protocol', () => {
  const mixed = listener([
    chain('tls', { serverNames: ['a.org'], transportProtocol: 'tls' }),
    chain('istio', { serverNames: ['a.org'], transportProtocol: 'tls', applicationProtocols: ['istio', 'istio-h2'] }),
    chain('plain', { transportProtocol: 'raw_buffer' }),
    chain('any', {}),
  ]);
  const nameFor = (traits: ConnectionTraits): string | undefined => matchFilterChain(mixed, traits)?.name;

  test('the transport protocol goes before any', () => assert.equal(nameFor(plaintext), 'plain'));
  test('any transport takes what has no chain of its own', () => assert.equal(nameFor(tls('b.org')), 'any'));
  test("the client's first known application protocol decides", () =>
    assert.equal(nameFor(tls('a.org', ['h2', 'istio-h2'])), 'istio'));
  test('unknown application protocols are any', () => assert.equal(nameFor(tls('a.org', ['h2'])), 'tls'));
  test('a step once taken is not taken back', () =>
    assert.equal(nameFor({ ...plaintext, serverName: 'a.org' }), undefined));
});
