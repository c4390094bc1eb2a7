// The feed keeps what it promises: order, both bounds, and subscriptions that end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAccessLogFeed } from './create-access-log-feed.ts';

test('remembers the newest lines in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 8 })), fc.integer({ min: 0, max: 7 }), (lines, capacity) => {
      const feed = createAccessLogFeed({ capacity });
      for (const line of lines) feed.push(line);
      assert.deepEqual(feed.recent(), capacity === 0 ? [] : lines.slice(-capacity));
    }),
  );
});

test('cuts a line that is too long', () => {
  const feed = createAccessLogFeed({ maxLineLength: 5 });
  feed.push('12345');
  feed.push('123456');
  assert.deepEqual(feed.recent(), ['12345', '1234…']);
});

test('tells each subscriber of new lines until it leaves', () => {
  const feed = createAccessLogFeed();
  const seen: string[] = [];
  const collect = (line: string): number => seen.push(line);
  feed.push('before');
  const end = feed.subscribe(collect);
  const endSecond = feed.subscribe(collect);
  feed.push('a');
  end();
  feed.push('b');
  endSecond();
  feed.push('c');
  assert.deepEqual(seen, ['a', 'a', 'b']);
});
