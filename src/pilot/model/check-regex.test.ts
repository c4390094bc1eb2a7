// What is told of a regular expression before a data plane sees it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { checkRegex, literalPrefix, maxRegexLength } from './check-regex.ts';

describe('checkRegex', () => {
  it('takes what RE2 takes', () => {
    for (const regex of ['/a', '.*', '/re/[0-9]+(/.*)?', '(?i)/x', '/\\d{1,3}'])
      assert.equal(checkRegex(regex), undefined, regex);
  });

  it('says why it refuses what RE2 does not have', () => {
    for (const regex of ['/(?!x)', '(?<=a)b', '(a)\\1', '(', '[', 'a{2,1}', '*'])
      assert.match(checkRegex(regex) ?? '', /./, regex);
  });

  it('refuses what is empty, endless, or compiles to more than Envoy allows', () => {
    assert.match(checkRegex('') ?? '', /empty/);
    assert.match(checkRegex('a'.repeat(maxRegexLength + 1)) ?? '', /longer/);
    assert.match(checkRegex('((a{1,30}){1,30}){1,30}') ?? '', /./);
  });

  it('refuses what Envoy 1.40 does not know though re2js does', () => {
    for (const regex of ['\\x{100}', '[^\\x00-\\x{10FFFF}]', '\\p{Cn}', '\\P{LC}', 'a\\Qb\\E\\x{100}'])
      assert.match(checkRegex(regex) ?? '', /byte|Envoy/, regex);
    for (const regex of ['\\x{ff}', '\\p{Greek}', '\\p{^Lu}', '\\Q\\x{100}\\E', '\\\\x{100}', '\\pN'])
      assert.equal(checkRegex(regex), undefined, regex);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40, unit: 'binary' }), (regex) => {
        assert.ok(['string', 'undefined'].includes(typeof checkRegex(regex)));
      }),
    );
  });
});

describe('literalPrefix', () => {
  it('ends where the expression begins to mean something', () => {
    assert.equal(literalPrefix('/bad/(?!x).*'), '/bad/');
    assert.equal(literalPrefix('^/a/b'), '/a/b');
    assert.equal(literalPrefix('/ab*'), '/a');
    assert.equal(literalPrefix('/ab{2}'), '/a');
    assert.equal(literalPrefix('/ab+'), '/ab');
    assert.equal(literalPrefix('(?i)/a'), '');
  });

  it('is empty where another branch may begin otherwise', () => {
    assert.equal(literalPrefix('/a|/b'), '');
    assert.equal(literalPrefix('/a/(x|y)'), '/a/');
    assert.equal(literalPrefix('/a[|]/(b'), '/a');
    assert.equal(literalPrefix('/a\\|b'), '/a');
  });

  it('is a prefix of everything the expression matches', () => {
    const piece = fc.constantFrom('a', 'b', '/', '.', '*', '+', '?', '|', '(a|b)', '[ab]', '\\.', '^', '{2}');
    const regex = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
    const text = fc.array(fc.constantFrom('a', 'b', '/', '.', '|'), { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(regex, text, (expression, input) => {
        fc.pre(checkRegex(expression) === undefined);
        if (RE2JS.compile(expression).matches(input)) assert.ok(input.startsWith(literalPrefix(expression)));
      }),
      { numRuns: 1000 },
    );
  });
});
