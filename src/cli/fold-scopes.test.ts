// What people see of scoped routes is the table that they would see without scopes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { foldScopes } from './fold-scopes.ts';

const scoped = (name: string, host: string, domain: string) => ({
  name,
  version: '1',
  resource: {
    name,
    requestHeadersToRemove: ['x-tidegate-scope'],
    ignorePortInHostMatching: true,
    virtualHosts: [
      {
        name: host,
        domains: [domain],
        routes: [{ name: 'r' }],
        metadata: { filterMetadata: { 'tidegate.scoped_routes.wildcard': { served: 1 } } },
        typedPerFilterConfig: {
          'tidegate.scoped_routes.lower_case': { disabled: true },
          'envoy.filters.http.cors': {},
        },
      },
    ],
  },
});

describe('routes of scopes', () => {
  it('are one table, its virtual hosts in order, without what leads to them', () => {
    const shared = { name: 'https.443.x', version: '2', resource: { name: 'https.443.x' } };
    const host = (name: string, domains: readonly string[]) => ({
      name,
      domains,
      routes: [{ name: 'r' }],
      typedPerFilterConfig: { 'envoy.filters.http.cors': {} },
    });
    assert.deepEqual(
      foldScopes([
        shared,
        scoped('http.80/b.test', 'a.test:80', 'b.test'),
        scoped('http.80/a.test', 'a.test:80', 'a.test'),
        scoped('http.80/*.c.test', '*.c.test:80', '*.c.test'),
        scoped('http.80/?c.test', 'http.80/?c.test', '*'),
      ]),
      [
        {
          name: 'http.80',
          version: '1',
          resource: {
            name: 'http.80',
            ignorePortInHostMatching: true,
            virtualHosts: [host('*.c.test:80', ['*.c.test']), host('a.test:80', ['a.test', 'b.test'])],
          },
        },
        shared,
      ],
    );
  });
});
