// Access log lines to a reader that is quick, and to one that is stuck.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLineWriter } from './create-line-writer.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a line writer', () => {
  it('writes the lines of one turn at once, in order', async () => {
    const writes: string[] = [];
    const write = createLineWriter({ write: (text) => writes.push(text) }, () => assert.fail('dropped'));
    write('a');
    write('b');
    await nextTurn();
    write('c');
    await nextTurn();
    assert.deepEqual(writes, ['a\nb\n', 'c\n']);
  });

  it('drops lines while the reader is stuck, and says how many afterwards', async () => {
    const writes: string[] = [];
    const dropped: number[] = [];
    const stream = { writableLength: 64 * 1024 * 1024, write: (text: string) => writes.push(text) };
    const write = createLineWriter(stream, (count) => dropped.push(count));
    write('a');
    write('b');
    await nextTurn();
    assert.deepEqual([writes, dropped], [[], []]);
    stream.writableLength = 0;
    write('c');
    await nextTurn();
    assert.deepEqual([writes, dropped], [['c\n'], [2]]);
  });
});
