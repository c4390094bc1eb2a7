// Path normalisation, against what Envoy does with the same paths.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalizePath } from './normalize-path.ts';

const normalize = (path: string, mergeSlashes = false): string => {
  const result = normalizePath(path, { normalizePath: true, mergeSlashes });
  return result.kind === 'ok' ? result.path : 'rejected';
};

describe('normalizePath', () => {
  it('answers as Envoy does', () => {
    const cases: Record<string, string> = {
      '//a//b': '//a//b',
      '/a/./b': '/a/b',
      '/a/../b': '/b',
      '/a/../../b': '/b',
      '/%61dmin': '/admin',
      '/a%2Fb': '/a%2Fb',
      '/a%2fb': '/a%2fb',
      '/a%5Cb': '/a%5Cb',
      '/a\\b': '/a/b',
      '/%2e%2e/admin': '/admin',
      '/a/%2e/b': '/a/b',
      '/a%zzb': '/a%zzb',
      '/~a': '/~a',
      '/a;b=c': '/a;b=c',
      '/..': '/',
      '/.': '/',
      '/a/..': '/',
      '/a/b/.': '/a/b/',
      '/a?x=/../y': '/a?x=/../y',
      '/.well-known/x': '/.well-known/x',
      '/...': '/...',
    };
    for (const [path, expected] of Object.entries(cases)) assert.equal(normalize(path), expected, path);
  });

  it('refuses an encoded NUL and fragments', () => {
    assert.equal(normalize('/a%00b'), 'rejected');
    assert.equal(normalize('/a#b'), 'rejected');
    assert.equal(normalize('/a?b#c'), 'rejected');
  });

  it('merges slashes only where asked, and never in the query', () => {
    assert.equal(normalize('//a///b?c=//d', true), '/a/b?c=//d');
  });

  it('leaves nothing to normalise', () => {
    const segment = fc.constantFrom('.', '..', '%2e', '%2E.', 'a', '', '%41', '\\', 'b%2Fc', '...');
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
        const once = normalize(`/${segments.join('/')}`);
        assert.equal(normalize(once), once);
        assert.ok(once.startsWith('/'));
        assert.doesNotMatch(once, /\/\.\.?(\/|$)/);
      }),
    );
  });
});
