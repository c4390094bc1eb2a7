// Path normalisation, against what Envoy does with the same paths.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalizePath } from './normalize-path.ts';

const normalize = (path: string, mergeSlashes = false, unescapes = false): string => {
  const escapedSlashes = unescapes ? 'UNESCAPE_AND_FORWARD' : 'KEEP_UNCHANGED';
  const result = normalizePath(path, { normalizePath: true, mergeSlashes, escapedSlashes });
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

  it('takes encoded slashes for slashes where told to, before anything else', () => {
    for (const [path, expected] of [
      ['/a%2Fb%2f/c', '/a/b/c'],
      ['/a%5Cb', '/a/b'],
      ['/a%2F..%2Fadmin', '/admin'],
      ['/a%252Fb', '/a%252Fb'],
      ['/a?b=%2F', '/a?b=%2F'],
    ] as const)
      assert.equal(normalize(path, true, true), expected, path);
    const only = { normalizePath: false, mergeSlashes: false, escapedSlashes: 'UNESCAPE_AND_FORWARD' } as const;
    assert.deepEqual(normalizePath('/a%2F%2F..', only), { kind: 'ok', path: '/a//..' });
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
