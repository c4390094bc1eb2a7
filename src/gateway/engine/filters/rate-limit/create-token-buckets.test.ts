// Buckets of tokens, with a clock of the test's own: compared with a bucket that is counted in the plain way.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createBucketMemory, createTokenBuckets } from './create-token-buckets.ts';

const second = 1_000_000_000n;

function clocked(slots?: number) {
  let time = 1000n * second;
  const memory = createBucketMemory(slots);
  const buckets = createTokenBuckets(memory, () => time);
  return {
    buckets,
    /** Another thread's view of the same memory. */
    other: createTokenBuckets(memory, () => time),
    pass: (ms: number) => {
      time += BigInt(Math.round(ms * 1e6));
    },
  };
}

const tenPerSecond = { maxTokens: 20, tokensPerFill: 10, fillIntervalMs: 1000 };

describe('a bucket', () => {
  it('gives what it holds, then what comes back', () => {
    const { buckets, pass } = clocked();
    const taken = () => buckets.take('a', tenPerSecond);
    for (let left = 19; left > 0; left--)
      assert.deepEqual(taken(), { allowed: true, remaining: left, resetSeconds: 0 });
    assert.deepEqual(taken(), { allowed: true, remaining: 0, resetSeconds: 1 });
    assert.deepEqual(taken(), { allowed: false, remaining: 0, resetSeconds: 1 });
    pass(99);
    assert.equal(taken().allowed, false);
    pass(1);
    assert.equal(taken().allowed, true);
    assert.equal(taken().allowed, false);
    pass(3_600_000);
    assert.equal(taken().remaining, 19);
  });

  it('says when there is a token again', () => {
    const { buckets } = clocked();
    const hourly = { maxTokens: 2, tokensPerFill: 2, fillIntervalMs: 3_600_000 };
    assert.deepEqual(buckets.take('a', hourly), { allowed: true, remaining: 1, resetSeconds: 0 });
    assert.deepEqual(buckets.take('a', hourly), { allowed: true, remaining: 0, resetSeconds: 1800 });
    assert.deepEqual(buckets.take('a', hourly), { allowed: false, remaining: 0, resetSeconds: 1800 });
  });

  it('is one for all threads, and another for each name', () => {
    const { buckets, other } = clocked();
    const two = { maxTokens: 2, tokensPerFill: 1, fillIntervalMs: 60_000 };
    const allowed = [buckets, other, buckets, other].map((one) => one.take('a', two).allowed);
    assert.deepEqual(allowed, [true, true, false, false]);
    assert.equal(other.take('b', two).allowed, true);
  });

  it('is as one that is counted', () => {
    const step = fc.oneof({ weight: 3, arbitrary: fc.constant('take' as const) }, fc.integer({ min: 1, max: 5000 }));
    const bucket = fc.record({
      tokensPerFill: fc.integer({ min: 1, max: 50 }),
      extra: fc.nat(50),
      fillIntervalMs: fc.integer({ min: 50, max: 10_000 }),
    });
    fc.assert(
      fc.property(bucket, fc.array(step, { maxLength: 100 }), ({ tokensPerFill, extra, fillIntervalMs }, steps) => {
        const maxTokens = tokensPerFill + extra;
        const { buckets, pass } = clocked();
        let tokens = maxTokens;
        for (const one of steps) {
          if (one !== 'take') {
            pass(one);
            tokens = Math.min(maxTokens, tokens + (one * tokensPerFill) / fillIntervalMs);
            continue;
          }
          const { allowed } = buckets.take('a', { maxTokens, tokensPerFill, fillIntervalMs });
          // On the edge the two may round differently.
          if (Math.abs(tokens - 1) > 1e-3) assert.equal(allowed, tokens >= 1, `${tokens}`);
          if (allowed) tokens -= 1;
        }
      }),
    );
  });

  it('takes no more memory for more names: who has most left is forgotten', () => {
    const { buckets } = clocked(64);
    const one = { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 60_000 };
    let refused = 0;
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 40; i++) if (!buckets.take(`client ${i}`, one).allowed) refused += 1;
    assert.ok(refused > 30, `${refused}`);
    for (let i = 0; i < 10_000; i++) buckets.take(`flood ${i}`, one);
  });
});
