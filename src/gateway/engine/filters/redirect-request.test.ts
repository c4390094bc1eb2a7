// Where a redirect sends a client, case by case as Envoy does it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RedirectAction, RouteMatch } from '../config/engine-config.ts';
import { redirectLocation } from './redirect-request.ts';

const keep: RedirectAction = {
  kind: 'redirect',
  status: 301,
  host: undefined,
  scheme: undefined,
  port: undefined,
  path: { kind: 'keep' },
  stripQuery: false,
};
const prefix: RouteMatch = { path: { kind: 'prefix', value: '/a', caseSensitive: true } };
const exact: RouteMatch = { path: { kind: 'exact', value: '/a', caseSensitive: true } };

function location(
  action: Partial<RedirectAction>,
  { authority = 'h.org', path = '/a', scheme = 'http' as 'http' | 'https', match = prefix } = {},
): string {
  const exchange = { authority, path, scheme, headers: ['x-forwarded-proto', scheme] };
  return redirectLocation(exchange, match, { ...keep, ...action });
}

describe('a redirect', () => {
  const replace = (value: string) => ({ path: { kind: 'replace', value } }) as const;
  const cases: readonly (readonly [string, string, string])[] = [
    ['keeps all that it does not change', location({}, { path: '/a?b=c' }), 'http://h.org/a?b=c'],
    ['keeps the query with a new path', location(replace('/n'), { path: '/a?b=c' }), 'http://h.org/n?b=c'],
    ['prefers the query of the new path', location(replace('/n?d'), { path: '/a?b=c' }), 'http://h.org/n?d'],
    ['drops the query if asked', location({ stripQuery: true }, { path: '/a?b=c' }), 'http://h.org/a'],
    ['begins a path with a slash', location(replace('n')), 'http://h.org/n'],
    [
      'replaces a prefix',
      location({ path: { kind: 'prefix', value: '/b' } }, { path: '/a/x?y' }),
      'http://h.org/b/x?y',
    ],
    [
      'replaces a whole exact path',
      location({ path: { kind: 'prefix', value: '/b' } }, { path: '/a?y', match: exact }),
      'http://h.org/b?y',
    ],
    ['keeps a port of the host', location(replace('/n'), { authority: 'h.org:81' }), 'http://h.org:81/n'],
    ['drops it with a new host', location({ host: 'n.org' }, { authority: 'h.org:81' }), 'http://n.org/a'],
    ['drops it for a new port', location({ port: 82 }, { authority: 'h.org:81' }), 'http://h.org:82/a'],
    ["drops the old scheme's own port", location({ scheme: 'https' }, { authority: 'h.org:80' }), 'https://h.org/a'],
    ['keeps it where the scheme stays', location({ scheme: 'http' }, { authority: 'h.org:80' }), 'http://h.org:80/a'],
    ['keeps another port', location({ scheme: 'https' }, { authority: 'h.org:81' }), 'https://h.org:81/a'],
    ['knows IPv6 addresses', location({ port: 82 }, { authority: '[::1]:80' }), 'http://[::1]:82/a'],
    ['knows IPv6 addresses without a port', location({ port: 82 }, { authority: '[::1]' }), 'http://[::1]:82/a'],
    [
      'goes from HTTPS to HTTP',
      location({ scheme: 'http' }, { authority: 'h.org:443', scheme: 'https' }),
      'http://h.org/a',
    ],
  ];
  for (const [name, actual, expected] of cases) test(name, () => assert.equal(actual, expected));
});
