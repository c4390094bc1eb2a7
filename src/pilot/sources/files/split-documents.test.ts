// Cutting a file into documents without parsing it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasContent, splitDocuments } from './split-documents.ts';

const texts = (text: string): string[] => splitDocuments(text).map((document) => document.text);
const withContent = (text: string): string[] => texts(text).filter(hasContent);

describe('splitDocuments', () => {
  it('cuts at --- at the start of a line', () => {
    assert.deepEqual(texts('a: 1\n---\nb: 2\n'), ['a: 1\n', '---\n', 'b: 2\n']);
  });
  it('leaves content on the line of the marker with its document', () => {
    assert.deepEqual(texts('--- {a: 1}\n--- # note\nb: 2\n'), ['--- {a: 1}\n', '--- # note\n', 'b: 2\n']);
  });
  it('does not cut where --- is part of a word, indented or inside a line', () => {
    const text = '---a: 1\nb: ---\n ---\n----\n';
    assert.deepEqual(texts(text), [text]);
  });
  it('cuts a block scalar at column 0, as YAML does', () => {
    assert.deepEqual(withContent('a: |\n  x\n---\n  y\n').length, 2);
    assert.deepEqual(texts('a: |\n  x\n  ---\n  y\n').length, 1);
  });
  it('ends a document at ...', () => {
    assert.deepEqual(texts('a: 1\n...\nb: 2\n...'), ['a: 1\n...\n', 'b: 2\n...']);
  });
  it('keeps directives with the document that follows', () => {
    assert.deepEqual(texts('# head\n%YAML 1.2\n---\na: 1\n'), ['# head\n%YAML 1.2\n---\na: 1\n']);
  });
  it('knows documents without content', () => {
    assert.deepEqual(withContent('---\n# nothing\n---\r\n\n---\na: 1\n---\n...\n--- # end\n'), ['a: 1\n']);
  });
  it('counts lines for \\n and \\r\\n', () => {
    const lines = (text: string): number[] => splitDocuments(text).map(({ line }) => line);
    assert.deepEqual(lines('a: 1\n---\nb\n\n---\nc'), [1, 2, 3, 5, 6]);
    assert.deepEqual(lines('a: 1\r\n---\r\nb\r\n\r\n---\r\nc'), [1, 2, 3, 5, 6]);
  });
  it('loses and adds nothing, whatever the text', () => {
    const line = fc.constantFrom('---', '--- x', '...', '%YAML 1.2', '# c', 'a: 1', '', '  ---', '---\t', '\r', 'é');
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(line).map((lines) => lines.join('\n')),
    );
    fc.assert(
      fc.property(text, (value) => {
        const documents = splitDocuments(value);
        assert.equal(documents.map((document) => document.text).join(''), value);
        let line = 1;
        for (const document of documents) {
          assert.equal(document.line, line);
          line += document.text.split('\n').length - 1;
        }
      }),
    );
  });
  it('takes linear time for a file of markers only', () => {
    assert.equal(splitDocuments('---\n'.repeat(200_000)).filter(({ text }) => hasContent(text)).length, 0);
  });
});
