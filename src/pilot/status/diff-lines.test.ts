// The line difference that people read in a comparison.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffLines } from './diff-lines.ts';

test('equal texts have no difference', () => {
  assert.deepEqual(diffLines(['a', 'b'], ['a', 'b']), []);
  assert.deepEqual(diffLines([], []), []);
});

test('shows a change with two lines around it', () => {
  assert.deepEqual(diffLines(['1', '2', '3', '4', '5', '6', '7'], ['1', '2', '3', 'x', '5', '6', '7']), [
    '@@',
    ' 2',
    ' 3',
    '-4',
    '+x',
    ' 5',
    ' 6',
  ]);
});

test('distant changes are separate', () => {
  const before = Array.from({ length: 20 }, (_, i) => String(i));
  const after = before.with(1, 'x').with(18, 'y');
  assert.equal(diffLines(before, after).filter((line) => line === '@@').length, 2);
});

test('the marked lines take one text to the other', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const count = (texts: readonly string[], wanted: string) => texts.filter((one) => one === wanted).length;
      for (const letter of ['a', 'b', 'c']) {
        const gained = count(lines, `+${letter}`) - count(lines, `-${letter}`);
        assert.equal(gained, count(after, letter) - count(before, letter));
      }
      assert.equal(lines.length === 0, before.join() === after.join());
    }),
  );
});

test('texts too long for an exact difference are still compared', () => {
  const many = (prefix: string) => Array.from({ length: 5000 }, (_, i) => `${prefix}${i}`);
  assert.equal(diffLines(many('a'), many('b')).filter((line) => line.startsWith('-')).length, 5000);
});
