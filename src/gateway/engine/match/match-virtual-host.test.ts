// Which virtual host an authority belongs to.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RouteTable, VirtualHost } from '../config/engine-config.ts';
import { matchVirtualHost, stripPort } from './match-virtual-host.ts';

const host = (...domains: readonly string[]): VirtualHost => ({
  name: domains.join(' '),
  domains,
  routes: [],
  requireTls: 'NONE',
  includeRequestAttemptCount: false,
});

const table = (virtualHosts: readonly VirtualHost[], ignorePortInHostMatching = true): RouteTable => ({
  name: 'http.80',
  version: '1',
  ignorePortInHostMatching,
  virtualHosts,
});

describe('precedence', () => {
  const routes = table([
    host('*'),
    host('*.example.com'),
    host('*.a.example.com'),
    host('*-x.a.example.com'),
    host('www.*'),
    host('www.a.*'),
    host('www.a.example.com'),
    host('[::1]'),
  ]);
  const cases: readonly (readonly [string, string])[] = [
    ['www.a.example.com', 'www.a.example.com'],
    ['WWW.A.Example.Com', 'www.a.example.com'],
    ['www.a.example.com:8080', 'www.a.example.com'],
    ['v.a.example.com', '*.a.example.com'],
    ['v-x.a.example.com', '*-x.a.example.com'],
    ['b.example.com', '*.example.com'],
    ['www.b.example.com', '*.example.com'],
    ['www.a.org', 'www.a.*'],
    ['www.b.org', 'www.*'],
    ['.example.com', '*'],
    ['www.', '*'],
    ['example.com', '*'],
    ['[::1]:80', '[::1]'],
    ['[::1]', '[::1]'],
    ['', '*'],
  ];
  for (const [authority, name] of cases)
    test(`'${authority}' belongs to ${name}`, () => assert.equal(matchVirtualHost(routes, authority)?.name, name));
});

test('the port counts unless the table ignores it', () => {
  const routes = table([host('a.org'), host('b.org:8080')], false);
  assert.equal(matchVirtualHost(routes, 'a.org:80'), undefined);
  assert.equal(matchVirtualHost(routes, 'b.org:8080')?.name, 'b.org:8080');
});

test('a request without authority belongs to * only where there is nothing else', () => {
  assert.equal(matchVirtualHost(table([host('*')]), undefined)?.name, '*');
  assert.equal(matchVirtualHost(table([host('*'), host('a.org')]), undefined), undefined);
});

test('the first of two virtual hosts with one domain gets its requests', () => {
  const first = host('a.org');
  assert.equal(matchVirtualHost(table([first, host('a.org')]), 'a.org'), first);
});

test('what follows the last colon is the port', () => {
  const cases = { 'a:80': 'a', 'a:': 'a', 'a:b': 'a', '[::1]': '[::1]', '[::1]:80': '[::1]', a: 'a', '': '' };
  for (const [authority, expected] of Object.entries(cases)) assert.equal(stripPort(authority), expected);
});

/** The precedence written down as slowly as can be. */
function scan({ virtualHosts }: RouteTable, authority: string): VirtualHost | undefined {
  const name = stripPort(authority).toLowerCase();
  const find = (takes: (domain: string) => boolean): VirtualHost | undefined => {
    const found = virtualHosts.flatMap((candidate) =>
      candidate.domains.filter(takes).map((domain) => ({ candidate, length: domain.length })),
    );
    return found.sort((a, b) => b.length - a.length)[0]?.candidate;
  };
  return (
    find((domain) => domain === name) ??
    find(
      (domain) =>
        domain.startsWith('*') && domain !== '*' && name.length >= domain.length && name.endsWith(domain.slice(1)),
    ) ??
    find(
      (domain) =>
        domain.endsWith('*') && domain !== '*' && name.length >= domain.length && name.startsWith(domain.slice(0, -1)),
    ) ??
    find((domain) => domain === '*')
  );
}

test('finds what a scan of all domains finds', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-'), maxLength: 6 });
  const domain = fc.oneof(
    name,
    name.map((text) => `*${text}`),
    name.filter((text) => text !== '').map((text) => `${text}*`),
  );
  fc.assert(
    fc.property(fc.uniqueArray(domain, { maxLength: 12 }), name, (domains, authority) => {
      const routes = table(domains.map((one) => host(one)));
      assert.equal(matchVirtualHost(routes, authority)?.name, scan(routes, authority)?.name);
    }),
    { numRuns: 2000 },
  );
});

test('finds one of 10,000 virtual hosts in microseconds', () => {
  const routes = table(Array.from({ length: 10_000 }, (_, i) => host(`h${i}.example.com`, `*.h${i}.example.com`)));
  matchVirtualHost(routes, 'warm');
  const start = performance.now();
  for (let i = 0; i < 10_000; i++) assert.ok(matchVirtualHost(routes, `x.h${i}.example.com`));
  assert.ok(performance.now() - start < 1000, 'at most 100 µs each, on any machine');
});
