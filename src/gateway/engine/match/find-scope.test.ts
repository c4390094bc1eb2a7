// Scoped routes in the engine: hosts are found as one table would find them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { scopeKey } from '../config/convert-scopes.ts';
import type { RouteTable, VirtualHost } from '../config/engine-config.ts';
import { findScopedHost } from './find-scope.ts';
import { matchVirtualHost } from './match-virtual-host.ts';

const host = (domain: string): VirtualHost => ({
  name: domain,
  domains: [domain],
  routes: [],
  requireTls: 'NONE',
  includeRequestAttemptCount: false,
});
const table = (hosts: readonly VirtualHost[]): RouteTable => ({
  name: 't',
  version: '1',
  ignorePortInHostMatching: true,
  virtualHosts: hosts,
});

/** As pilot makes them: what has no scope of its own is in the catch-all. */
function scopesOf(domains: readonly string[]) {
  const byKey = Map.groupBy(domains, (domain) =>
    domain === '*' || (domain.startsWith('*') && domain.split('.').length < 3) || domain.includes(':') ? '*' : domain,
  );
  return new Map([...byKey].map(([key, own]) => [scopeKey([`t/${key}`]), table(own.map(host))]));
}

const label = fc.constantFrom('a', 'b', 'c', 'A');
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => [...labels, 'test'].join('.'));
const domain = fc
  .oneof(
    name,
    name.map((one) => `*.${one}`),
    fc.constantFrom('*', '*.test', '::1'),
  )
  .map((one) => one.toLowerCase());
const authority = fc.oneof(
  name,
  fc.tuple(name, fc.constantFrom(':8080', ':', ':http', ':80:80')).map((parts) => parts.join('')),
  fc.constantFrom('[::1]', '[::1]:80', 'other', 'a.test.', '10.0.0.1'),
);

describe('a scoped host', () => {
  it('is the one that a table with all hosts gives', () => {
    fc.assert(
      fc.property(fc.uniqueArray(domain, { maxLength: 12 }), authority, (domains, asked) => {
        const shared = matchVirtualHost(table(domains.map(host)), asked);
        const scopes = scopesOf(domains);
        const found = findScopedHost(
          { keyOf: () => [`t/${asked.split(':')[0]}`], fallsBack: true, tableOf: (key) => scopes.get(key) },
          asked,
          () => [],
        );
        assert.equal(found?.name, shared?.name);
      }),
      { numRuns: 2000 },
    );
  });

  it('is not looked for elsewhere where nothing in the chain falls back', () => {
    const scopes = scopesOf(['*.a.test']);
    const tableOf = (key: string): RouteTable | undefined => scopes.get(key);
    const find = (fallsBack: boolean) =>
      findScopedHost({ keyOf: () => ['t/x.a.test'], fallsBack, tableOf }, 'x.a.test', () => []);
    assert.equal(find(true)?.name, '*.a.test');
    assert.equal(find(false), undefined);
  });
});
