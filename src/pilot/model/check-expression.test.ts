// What Envoy 1.40 takes and refuses of expressions, as tried on it; test/features/telemetry-expressions shows it more.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { expressionProblem } from './check-expression.ts';

describe('an expression is taken', () => {
  for (const expression of [
    ...['request.path.size() > 1', 'size(request.path) > 1', 'getHours', 'x.package == 1', '{"a": 1}["a"] == 1'],
    ...[
      'x.matches("^a$")',
      'x.matches(y)',
      'a.getDate() == b.getDate("UTC")',
      '1u in [1u, 2u]',
      'has(a.b)',
      '!true',
      '-1',
    ],
    Array(300).fill('a').join(' || '),
  ])
    test(expression.slice(0, 40), () => assert.equal(expressionProblem(expression), undefined));
});

describe('an expression is refused', () => {
  const refused: Readonly<Record<string, RegExp>> = {
    '': /./,
    'request.path ==': /./,
    'string(1) == "1"': /no function string\(\)/,
    'x.lowerAscii() == "a"': /no method lowerAscii\(\)/,
    'size("a", "b")': /does not take 2/,
    'x.getDate(1, 2)': /does not take 2/,
    '[1].exists(x, x == 1)': /no macros/,
    'x.matches("(")': /regular expression/,
    'matches(x, "(?<!a)b")': /regular expression/,
    'google.protobuf.Duration{seconds: 1} == x': /cannot make/,
    [`${'('.repeat(31)}1${')'.repeat(31)}`]: /nested/,
    [`a${'.b'.repeat(40)}`]: /nested/,
    [`a${' + 1'.repeat(40)}`]: /nested/,
    ['a ? b : '.repeat(40).concat('c')]: /nested/,
    ['!'.repeat(5000)]: /longer/,
  };
  for (const [expression, reason] of Object.entries(refused))
    test(expression.slice(0, 40) || 'without anything', () =>
      assert.match(expressionProblem(expression) ?? '', reason),
    );
});

test('no text makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void expressionProblem(text)));
  const pieces = fc.constantFrom(
    'a',
    '.',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '?',
    ':',
    '!',
    '-',
    '1',
    ' in ',
    '&&',
    ',',
  );
  fc.assert(fc.property(fc.array(pieces, { maxLength: 60 }), (words) => void expressionProblem(words.join(''))));
});
