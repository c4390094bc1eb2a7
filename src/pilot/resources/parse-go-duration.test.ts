// Durations in every form that manifests have them in, and in forms that are none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseGoDuration } from './parse-go-duration.ts';

test('durations are read as Go reads them', () => {
  assert.equal(parseGoDuration('0'), 0n);
  assert.equal(parseGoDuration('0s'), 0n);
  assert.equal(parseGoDuration('1.5s'), 1_500_000_000n);
  assert.equal(parseGoDuration('.5ms'), 500_000n);
  assert.equal(parseGoDuration('1.s'), 1_000_000_000n);
  assert.equal(parseGoDuration('1h30m'), 5_400_000_000_000n);
  assert.equal(parseGoDuration('-1s'), -1_000_000_000n);
  assert.equal(parseGoDuration('1.9ns'), 1n);
});

test('text that Go refuses has no duration', () => {
  for (const text of ['', '-', '1', '5 s', '1d', '.s', 's', '1s ', '1e3s', '9999999h', '--1s'])
    assert.equal(parseGoDuration(text), undefined, text);
});

test('any text is read or refused, and what Go prints is read back', () => {
  fc.assert(fc.property(fc.string(), (text) => ['bigint', 'undefined'].includes(typeof parseGoDuration(text))));
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(59), fc.nat(59), fc.nat(999), (h, m, s, ms) => {
      const milliseconds = ((h * 60 + m) * 60 + s) * 1000 + ms;
      assert.equal(
        parseGoDuration(`${h}h${m}m${s}.${String(ms).padStart(3, '0')}s`),
        BigInt(milliseconds) * 1_000_000n,
      );
    }),
  );
});
