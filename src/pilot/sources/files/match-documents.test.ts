// Which documents of a file keep their identity.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { matchDocuments } from './match-documents.ts';

const documents = (letters: string): { text: string }[] => [...letters].map((text) => ({ text }));

/** Index of the match in `previous` for each of `next`; '-' for none. */
function matched(previous: string, next: string): string {
  const before = documents(previous);
  return matchDocuments(before, documents(next))
    .map((found) => (found ? before.indexOf(found) : '-'))
    .join(' ');
}

describe('matchDocuments', () => {
  it('keeps what stands before and after an edit', () => {
    assert.equal(matched('abc', 'axc'), '0 - 2');
    assert.equal(matched('abc', 'abxc'), '0 1 - 2');
    assert.equal(matched('abc', 'ac'), '0 2');
  });
  it('matches equal texts one to one', () => {
    assert.equal(matched('aa', 'aaa'), '0 1 -');
    assert.equal(matched('aaa', 'aa'), '0 1');
  });
  it('never crosses: what moved in front of another is new', () => {
    assert.equal(matched('xaby', 'xbay'), '0 2 - 3');
  });
  it('matches equal texts only, each once, in order', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'c', 'd')).map((list) => list.join(''));
    fc.assert(
      fc.property(letters, letters, (previous, next) => {
        const before = documents(previous);
        const found = matchDocuments(before, documents(next));
        const indexes = found.flatMap((document) => (document ? [before.indexOf(document)] : []));
        assert.deepEqual(
          indexes,
          indexes.toSorted((a, b) => a - b),
        );
        assert.equal(new Set(indexes).size, indexes.length);
        for (const [i, document] of found.entries()) assert.ok(document === undefined || document.text === next[i]);
      }),
    );
  });
});
