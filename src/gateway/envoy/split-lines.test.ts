// Lines come out whole, however the chunks fall, and never longer than allowed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLineSplitter } from './split-lines.ts';

test('gives the same lines for all chunks', () => {
  const text = fc.array(fc.stringMatching(/^[a-c]{0,12}$/), { maxLength: 12 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(9)), (lines, cuts) => {
      const found: string[] = [];
      const feed = createLineSplitter((line) => found.push(line), 8);
      let rest = lines.map((line) => `${line}\n`).join('');
      for (const cut of cuts) {
        feed(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      feed(rest);
      assert.deepEqual(
        found,
        lines.map((line) => line.slice(0, 8)),
      );
    }),
  );
});

test('holds back what has no end yet', () => {
  const found: string[] = [];
  const feed = createLineSplitter((line) => found.push(line));
  feed('a');
  assert.deepEqual(found, []);
  feed('b\nc');
  assert.deepEqual(found, ['ab']);
});
