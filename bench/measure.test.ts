import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatTable, median, quantile } from './measure.ts';

describe('measurements', () => {
  it('takes quantiles by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual([quantile(values, 0.95), quantile(values, 0), quantile([7], 0.95)], [95, 1, 7]);
    assert.equal(median([3, 1, 2]), 2);
  });
  it('prints Markdown', () => {
    assert.equal(formatTable(['a', 'b'], [['1', '2']]), '| a | b |\n| --- | --- |\n| 1 | 2 |');
  });
});
