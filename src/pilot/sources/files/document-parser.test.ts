// Long documents in the worker, which may be lost.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDocumentParser } from './document-parser.ts';
import { MAX_INLINE_LENGTH } from './limits.ts';

const long = `items:\n${'  - name: x\n'.repeat(MAX_INLINE_LENGTH / 10)}last: {deep: 1}\n`;

describe('createDocumentParser', () => {
  it('parses long documents in its worker as it parses short ones here', async () => {
    const parser = createDocumentParser();
    const parsed = await parser.parse(long);
    await parser.close();
    assert.ok(parsed.kind === 'value');
    assert.deepEqual((parsed.value as { last: unknown }).last, { deep: 1 });
    assert.equal(parsed.offsetOf(['last', 'deep']), long.indexOf('deep'));
    assert.equal(parsed.offsetOf(['items', 1, 'nothing']), long.indexOf('name', 20));
    assert.equal(parsed.offsetOf(['nothing']), 0);
  });
  it('gives up a document that takes too long, and parses the next one', async () => {
    const parser = createDocumentParser(1);
    const stuck = await parser.parse(`[${','.repeat(1_000_000)}`);
    assert.ok(stuck.kind === 'failed');
    assert.deepEqual(
      stuck.problems.map(({ code }) => code),
      ['TG0005'],
    );
    assert.equal((await parser.parse('a: 1')).kind, 'value');
    await parser.close();
  });
  it('fails what it was parsing, or gets later, once it is closed', async () => {
    const parser = createDocumentParser();
    const first = parser.parse(long);
    const waiting = parser.parse(long);
    await parser.close();
    assert.deepEqual(
      [(await first).kind, (await waiting).kind, (await parser.parse(long)).kind],
      ['failed', 'failed', 'failed'],
    );
    const running = createDocumentParser();
    await running.parse(long);
    const second = running.parse(long);
    await Promise.resolve();
    await running.close();
    assert.equal((await second).kind, 'failed');
  });
});
