// What of a delegate's match fits into the match of the rule that delegates.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everyRequest } from './build-http-match.ts';
import { mergeHttpMatch } from './merge-http-match.ts';
import type { ModelHttpMatch, PathMatch } from './model.ts';

const matchOf = (parts: Partial<ModelHttpMatch>): ModelHttpMatch => ({ ...everyRequest, ...parts });
const path = (kind: 'exact' | 'prefix' | 'regex', value: string, caseSensitive = true): PathMatch => ({
  kind,
  value,
  caseSensitive,
});
const header = (name: string, match: ModelHttpMatch['headers'][number]['match'], invert = false) => ({
  name,
  match,
  invert,
});

function merge(root: Partial<ModelHttpMatch>, leaf: Partial<ModelHttpMatch>): ModelHttpMatch | undefined {
  const merged = mergeHttpMatch(matchOf(root), matchOf(leaf));
  return merged.kind === 'merged' ? merged.match : undefined;
}

describe('a match within a match', () => {
  it('takes the narrower path, where it can be told which one that is', () => {
    for (const [root, leaf, fits] of [
      [path('prefix', '/a'), path('prefix', '/a/b'), true],
      [path('prefix', '/a'), path('exact', '/ab'), true],
      [path('prefix', '/a/b'), path('prefix', '/a'), false],
      [path('exact', '/a'), path('exact', '/a'), true],
      [path('exact', '/a'), path('exact', '/b'), false],
      [path('exact', '/a'), path('prefix', '/a'), false],
      [path('prefix', '/'), path('regex', '/.*'), false],
      [path('regex', '/.*'), path('exact', '/a'), false],
      [path('prefix', '/A', false), path('prefix', '/a/b', false), true],
      [path('prefix', '/a', false), path('prefix', '/a', true), false],
    ] as const)
      assert.deepEqual(
        merge({ path: root }, { path: leaf })?.path,
        fits ? leaf : undefined,
        JSON.stringify([root, leaf]),
      );
    assert.deepEqual(merge({ path: path('regex', '/.*') }, {})?.path, path('regex', '/.*'));
    assert.deepEqual(merge({}, { path: path('regex', '/.*') })?.path, path('regex', '/.*'));
  });

  it('asks for the headers of both, pseudo headers last', () => {
    const method = header(':method', { kind: 'exact', value: 'GET' });
    const a = header('a', { kind: 'prefix', value: 'x' });
    const narrower = header('a', { kind: 'exact', value: 'xy' });
    const without = header('a', { kind: 'exact', value: 'xz' }, true);
    const b = header('b', { kind: 'present' });
    assert.deepEqual(merge({ headers: [a, method] }, { headers: [b, without] })?.headers, [a, without, b, method]);
    assert.deepEqual(merge({ headers: [a] }, { headers: [narrower] })?.headers, [narrower]);
    assert.equal(merge({ headers: [narrower] }, { headers: [a] }), undefined);
  });

  it('takes a value over a mere presence, on whichever side', () => {
    const present = header('a', { kind: 'present' });
    const exact = header('a', { kind: 'exact', value: 'x' });
    assert.deepEqual(merge({ headers: [present] }, { headers: [exact] })?.headers, [exact]);
    assert.deepEqual(merge({ headers: [exact] }, { headers: [present] })?.headers, [exact]);
    assert.deepEqual(merge({ headers: [present] }, { headers: [present] })?.headers, [present]);
  });

  it('keeps to the port, Gateways and client of the outer match', () => {
    assert.equal(merge({ port: 80 }, {})?.port, 80);
    assert.equal(merge({ port: 80 }, { port: 81 }), undefined);
    assert.deepEqual(merge({ gateways: ['a/g', 'a/h'] }, { gateways: ['a/h'] })?.gateways, ['a/h']);
    assert.equal(merge({ gateways: ['a/g'] }, { gateways: ['a/h'] }), undefined);
    assert.deepEqual(merge({ sourceLabels: { a: '1' } }, { sourceLabels: { b: '2' } })?.sourceLabels, {
      a: '1',
      b: '2',
    });
    assert.equal(merge({ sourceLabels: { a: '1' } }, { sourceLabels: { a: '2' } }), undefined);
    assert.equal(merge({ sourceNamespace: 'a' }, { sourceNamespace: 'b' }), undefined);
    assert.equal(merge({ sourceNamespace: 'a' }, {})?.sourceNamespace, 'a');
  });

  it('joins the names', () => {
    assert.equal(merge({ name: 'r' }, { name: 'l' })?.name, 'r-l');
    assert.equal(merge({ name: 'r' }, {})?.name, 'r');
    assert.equal(merge({}, { name: 'l' })?.name, 'l');
  });
});
