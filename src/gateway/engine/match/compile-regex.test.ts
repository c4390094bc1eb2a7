// Regular expressions: RE2's language, words and limits.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileRegex } from './compile-regex.ts';

const matches = (source: string, text: string): boolean => {
  const compiled = compileRegex(source);
  return compiled.kind === 'ok' && compiled.matches(text);
};

test('matches as a whole', () => {
  assert.ok(matches('a|ab', 'ab'));
  assert.ok(matches('(?i)/FOO', '/foo'));
  assert.ok(!matches('a', 'ba'));
  assert.ok(!matches('^a', 'ab'));
});

describe("says what is wrong in RE2's words, as Envoy 1.40 does", () => {
  const cases: readonly (readonly [string, string])[] = [
    ['(?=a)', 'invalid perl operator: (?='],
    ['*', 'no argument for repetition operator: *'],
    ['[a', 'missing ]: [a'],
    ['(a', 'missing ): (a'],
    ['a)', 'unexpected ): a)'],
    ['a{1001}', 'invalid repetition size: {1001}'],
    ['\\1', 'invalid escape sequence: \\1'],
    ['a\\', 'trailing \\'],
    ['a**', 'bad repetition operator: **'],
    ['(?P<n', 'invalid named capture group: (?P<n'],
    ['[z-a]', 'invalid character class range: z-a'],
    ['((a{100}){100}){100}', 'invalid repetition size: {100}'],
  ];
  for (const [source, error] of cases)
    test(source, () => assert.deepEqual(compileRegex(source), { kind: 'error', error }));
});

test("refuses programs above Istio's limit, at once", () => {
  const start = performance.now();
  for (const source of ['x'.repeat(40_000), 'x'.repeat(10_000_000), '(\\pL\\pN{1,30}){1000}']) {
    const compiled = compileRegex(source);
    assert.equal(compiled.kind, 'error');
  }
  const compiled = compileRegex('x'.repeat(40_000));
  assert.match(compiled.kind === 'error' ? compiled.error : '', /RE2 program size of \d+ > max program size of 32768/);
  assert.ok(performance.now() - start < 2000);
});

test('needs time in proportion to the text, however nasty the expression', () => {
  const start = performance.now();
  assert.equal(matches('(a*)*b', 'a'.repeat(20_000)), false);
  assert.ok(performance.now() - start < 2000);
});

test('never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab()[]{}*+?|^$\\.,-:<>P1') }), fc.string(), (source, text) => {
      const compiled = compileRegex(source);
      if (compiled.kind === 'ok') compiled.matches(text);
    }),
  );
});

describe("replaces as RE2's GlobalReplace does", () => {
  const replaced = (source: string, text: string, substitution: string): string => {
    const compiled = compileRegex(source);
    assert.equal(compiled.kind, 'ok');
    return compiled.kind === 'ok' ? compiled.replaceAll(text, substitution) : '';
  };
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['/(a)/(b)', '/a/b/c', '/\\2/\\1', '/b/a/c'],
    ['b', 'abcb', '[\\0]', 'a[b]c[b]'],
    ['b', 'abc', '\\\\', 'a\\c'],
    ['^/a', '/a/a', '/x', '/x/a'],
    ['(a)|(b)', 'ab', '<\\1\\2>', '<a><b>'],
    ['x*', 'abc', '-', '-a-b-c-'],
    ['a*', 'baac', '-', '-b-c-'],
    ['a*$', 'baa', '-', 'b-'],
    ['z', 'abc', '-', 'abc'],
    ['', '', '-', '-'],
  ];
  for (const [source, text, substitution, expected] of cases)
    test(`${source} in ${text}`, () =>
      source === ''
        ? assert.equal(replaced('(?:)', text, substitution), expected)
        : assert.equal(replaced(source, text, substitution), expected));

  test('a literal like JavaScript, in every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '/') }), (text) => {
        assert.equal(replaced('ab', text, 'x'), text.replaceAll('ab', 'x'));
      }),
    );
  });
});
