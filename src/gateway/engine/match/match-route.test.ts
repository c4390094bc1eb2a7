// Which route of a virtual host takes a request.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { HeaderMatcher, Route, RouteMatch, ValueMatcher, VirtualHost } from '../config/engine-config.ts';
import { compileRegex } from './compile-regex.ts';
import { matchesPath, pathOnly } from './match-path.ts';
import { explainRoute, matchRoute, type RouteRequest } from './match-route.ts';

type PathMatch = RouteMatch['path'];

const exact = (value: string, caseSensitive = true): PathMatch => ({ kind: 'exact', value, caseSensitive });
const prefix = (value: string, caseSensitive = true): PathMatch => ({ kind: 'prefix', value, caseSensitive });
const directory = (value: string, caseSensitive = true): PathMatch => ({
  kind: 'pathSeparatedPrefix',
  value,
  caseSensitive,
});
function regex(source: string): PathMatch {
  const compiled = compileRegex(source);
  return {
    kind: 'regex',
    source,
    matches: compiled.kind === 'ok' ? compiled.matches : () => assert.fail(compiled.error),
  };
}

const route = (path: PathMatch, index: number): Route => ({
  name: `${index}`,
  match: { path },
  action: { kind: 'direct', status: 200, body: new Uint8Array() },
  decoratorOperation: '',
  owner: undefined,
});

const virtualHost = (paths: readonly PathMatch[]): VirtualHost => ({
  name: 'v',
  domains: ['*'],
  routes: paths.map(route),
  requireTls: 'NONE',
  includeRequestAttemptCount: false,
});

const request = (path: string, headers: Readonly<Record<string, readonly string[]>> = {}): RouteRequest => ({
  path,
  headerValues: (name) => headers[name] ?? [],
});

describe('a path', () => {
  const cases: readonly (readonly [string, PathMatch, string, boolean])[] = [
    ['equals', exact('/a'), '/a', true],
    ['equals without its query string', exact('/a'), '/a?b=/c', true],
    ['equals without its fragment', exact('/a'), '/a#b', true],
    ['is longer than an exact one', exact('/a'), '/ab', false],
    ['differs in case', exact('/a'), '/A', false],
    ['differs in case where that does not count', exact('/a', false), '/A', true],
    ['is longer in any case', exact('/a', false), '/AB', false],
    ['begins with a prefix, also in the middle of a word', prefix('/foo'), '/foobar', true],
    ['begins with a prefix in another case', prefix('/foo', false), '/FOObar', true],
    ['has the prefix in its query string only', prefix('/a?'), '/a?b', false],
    ['is shorter than the prefix', prefix('/foo', false), '/fo', false],
    ['is below a directory', directory('/a'), '/a/b', true],
    ['is the directory', directory('/a'), '/a?b', true],
    ['begins like a directory', directory('/a'), '/ab', false],
    ['is below a directory in another case', directory('/a', false), '/A/b', true],
    ['matches an expression as a whole', regex('/v[0-9]+'), '/v12?x', true],
    ['matches an expression in part', regex('/v[0-9]+'), '/v12/x', false],
    ['has no case for other letters than ASCII', exact('/\u212a', false), '/k', false],
  ];
  for (const [name, match, path, expected] of cases)
    test(name, () => assert.equal(matchRoute(virtualHost([match]), request(path)) !== undefined, expected));
});

test('the first route that matches wins', () => {
  const host = virtualHost([exact('/b'), prefix('/a'), exact('/a'), prefix('/')]);
  assert.equal(matchRoute(host, request('/a'))?.name, '1');
});

test('explains what was tried, up to the route that matched', () => {
  const host = virtualHost([exact('/B', false), regex('/c.*'), prefix('/'), prefix('/a')]);
  const explained = explainRoute(host, request('/a?q'));
  assert.equal(explained.route?.name, '2');
  assert.deepEqual(
    explained.tried.map(({ route: { name }, mismatch }) => [name, mismatch]),
    [
      ['0', { predicate: 'path', expected: 'exact /B (any case)', actual: '/a' }],
      ['1', { predicate: 'path', expected: 'regex /c.*', actual: '/a' }],
      ['2', undefined],
    ],
  );
});

describe('any number of routes', () => {
  const path = fc.string({ unit: fc.constantFrom('/', 'a', 'B'), maxLength: 4 });
  const match = fc.oneof(
    fc.tuple(path, fc.boolean()).map(([value, caseSensitive]) => exact(value, caseSensitive)),
    fc.tuple(path, fc.boolean()).map(([value, caseSensitive]) => prefix(value, caseSensitive)),
    fc.tuple(path, fc.boolean()).map(([value, caseSensitive]) => directory(`/${value}`, caseSensitive)),
    path.map((value) => regex(`${value}.?`)),
  );
  test('are matched as a scan in order would', () => {
    fc.assert(
      fc.property(fc.array(match, { maxLength: 80, size: 'max' }), path, (paths, requested) => {
        const expected = paths.findIndex((one) => matchesPath(one, requested));
        const host = virtualHost(paths);
        assert.equal(matchRoute(host, request(requested))?.name ?? '-1', `${expected}`);
        assert.equal(explainRoute(host, request(requested)).route?.name ?? '-1', `${expected}`);
      }),
    );
  });

  test('5,000 of them take microseconds', () => {
    const host = virtualHost(Array.from({ length: 5000 }, (_, i) => (i % 2 ? exact(`/e/${i}`) : prefix(`/p/${i}/`))));
    matchRoute(host, request('/'));
    const start = performance.now();
    for (let i = 0; i < 5000; i++) assert.ok(matchRoute(host, request(i % 2 ? `/e/${i}` : `/p/${i}/x`)));
    assert.ok(performance.now() - start < 500, 'at most 100 µs each, on any machine');
  });
});

test('a path ends where its query string or fragment begins', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('/', '?', '#', 'a') }), (path) =>
      assert.equal(pathOnly(path), path.split(/[?#]/, 1)[0]),
    ),
  );
});

describe('a header', () => {
  const matching = (matcher: Partial<HeaderMatcher>, values: readonly string[]): boolean => {
    const headers = [{ name: 'x-a', value: undefined, invert: false, treatMissingAsEmpty: false, ...matcher }];
    const host = {
      ...virtualHost([prefix('/')]),
      routes: [{ ...route(prefix('/'), 0), match: { path: prefix('/'), headers } }],
    };
    const asked = request('/', values.length > 0 ? { 'x-a': values } : {});
    assert.equal(explainRoute(host, asked).route === undefined, matchRoute(host, asked) === undefined);
    return matchRoute(host, asked) !== undefined;
  };
  const one: ValueMatcher = { text: '= 1', matches: (value) => value === '1' };
  const empty: ValueMatcher = { text: '= ', matches: (value) => value === '' };
  const cases: readonly (readonly [string, Partial<HeaderMatcher>, readonly string[], boolean])[] = [
    ['is there', {}, ['anything'], true],
    ['is missing', {}, [], false],
    ['has to be missing, and is', { invert: true }, [], true],
    ['has to be missing, and is there', { invert: true }, ['x'], false],
    ['has the value', { value: one }, ['1'], true],
    ['has the value the second time', { value: one }, ['2', '1'], true],
    ['has another value', { value: one }, ['1,1'], false],
    ['may not have the value, and has another', { value: one, invert: true }, ['2'], true],
    ['may not have the value, and has it too', { value: one, invert: true }, ['2', '1'], false],
    ['may not have the value, and is missing', { value: one, invert: true }, [], false],
    ['may not have the value, and counts as empty', { value: one, invert: true, treatMissingAsEmpty: true }, [], true],
    ['has to be empty, and is missing', { value: empty }, [], false],
  ];
  for (const [name, matcher, values, expected] of cases)
    test(name, () => assert.equal(matching(matcher, values), expected));
});

describe('a query parameter', () => {
  const matching = (name: string, value: string | undefined, path: string): boolean => {
    const matcher = value === undefined ? undefined : { text: value, matches: (text: string) => text === value };
    const match = { path: prefix('/'), queryParameters: [{ name, value: matcher }] };
    const host = { ...virtualHost([]), routes: [{ ...route(prefix('/'), 0), match }] };
    return matchRoute(host, request(path)) !== undefined;
  };
  const cases: readonly (readonly [string, string, string | undefined, string, boolean])[] = [
    ['has the value', 'k', 'v', '/?a=1&k=v', true],
    ['counts the first time only', 'k', 'v', '/?k=w&k=v', false],
    ['is not decoded', 'k', 'a b', '/?k=a%20b', false],
    ['is there without a value', 'k', undefined, '/?k', true],
    ['is empty without a value', 'k', '', '/?k', true],
    ['is missing', 'k', undefined, '/k=v', false],
    ['has an equals sign in its value', 'k', 'a=b', '/?k=a=b', true],
    ['ends at a fragment', 'k', 'v', '/?k=v#x', true],
  ];
  for (const [title, name, value, path, expected] of cases)
    test(title, () => assert.equal(matching(name, value, path), expected));
});
