// Histograms against the values that went in, whatever they are.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  boundsOf,
  bucketOf,
  countOf,
  countUpTo,
  createHistogram,
  mergeHistograms,
  quantileOf,
} from './create-histogram.ts';

const times = fc.array(fc.integer({ min: 0, max: 4_000_000 }), { minLength: 1, maxLength: 100 });

function histogramOf(values: readonly number[]) {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram.snapshot();
}

describe('histograms', () => {
  it('put a value into the bucket that holds it, a tenth of it wide at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000_000 }), (value) => {
        const { lower, width } = boundsOf(bucketOf(value));
        assert.ok(lower <= value * (1 + 1e-9) && value < (lower + width) * (1 + 1e-9), `${value}: ${lower} + ${width}`);
        assert.ok(width <= lower / 10 + 1e-9);
      }),
    );
    assert.deepEqual(boundsOf(bucketOf(0)), { lower: 0, width: 0 });
    assert.deepEqual(boundsOf(bucketOf(57)), { lower: 57, width: 1 });
    assert.deepEqual(boundsOf(bucketOf(1234)), { lower: 1200, width: 100 });
  });

  it('keep count and sum, and quantiles between the smallest and the largest', () => {
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (values, part) => {
        const histogram = histogramOf(values);
        assert.equal(countOf(histogram), values.length);
        assert.equal(
          histogram.sum,
          values.reduce((sum, value) => sum + value, 0),
        );
        const quantile = quantileOf(histogram, part) ?? -1;
        assert.ok(quantile >= Math.min(...values) * 0.9 && quantile <= Math.max(...values) * 1.1 + 0.1);
        assert.equal(countUpTo(histogram, 4_000_000 * 2), values.length);
      }),
    );
    assert.equal(quantileOf(histogramOf([]), 0.5), undefined);
  });

  it('of several threads are as one that saw everything', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        assert.deepEqual(mergeHistograms(histogramOf(a), histogramOf(b)), histogramOf([...a, ...b]));
      }),
    );
  });

  it('count no parts of milliseconds, and nothing below zero', () => {
    assert.deepEqual(histogramOf([0.9, -3, 1.9]), histogramOf([0, 0, 1]));
  });
});
