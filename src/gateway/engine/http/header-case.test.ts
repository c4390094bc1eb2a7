// The case of header names: the first way of writing counts, and nothing but the case changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headerCaseOf, withHeaderCase } from './header-case.ts';

test('names are written as the other side wrote them first', () => {
  const written = headerCaseOf(['X-A', '1', 'x-a', '2', 'HOST', 'h']);
  assert.deepEqual(withHeaderCase(['x-a', 'X-b', 'host', 'h', 'x-own', 'x-a'], written), [
    ...['X-A', 'X-b', 'HOST', 'h', 'x-own', 'x-a'],
  ]);
});

test('nothing but the case of names changes', () => {
  const name = fc.stringMatching(/^[A-Za-z-]{1,5}$/);
  const list = fc.array(fc.tuple(name, fc.string()), { maxLength: 8 }).map((pairs) => pairs.flat());
  fc.assert(
    fc.property(list, list, (raw, headers) => {
      const lower = headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
      const written = withHeaderCase(lower, headerCaseOf(raw));
      assert.deepEqual(
        written.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text)),
        lower,
      );
    }),
  );
});
