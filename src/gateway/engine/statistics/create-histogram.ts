// Times, counted in buckets of two significant digits as Envoy's histograms are: small, mergeable, and exact to one per cent or so.

export interface Histogram {
  /** Milliseconds; a part of one does not count. */
  record(value: number): void;
  snapshot(): HistogramSnapshot;
}

export interface HistogramSnapshot {
  /** Index of the bucket and how many values fell into it; by index. */
  readonly buckets: readonly (readonly [number, number])[];
  readonly sum: number;
}

/** Some four months. */
const longest = 9_999_999_999;
/** Of the first two digits, for each power of ten. */
const perPower = 90;

/** 0 is the bucket of 0; then come 1.0, 1.1, …, 9.9, 10, 11, …, 99, 100, 110, … */
export function bucketOf(value: number): number {
  if (value < 1) return 0;
  let power = 0;
  let scale = 1;
  while (value >= scale * 10) {
    scale *= 10;
    power++;
  }
  return 1 + power * perPower + Math.floor((value * 10) / scale) - 10;
}

/** Where a bucket begins, and how wide it is. */
export function boundsOf(bucket: number): { readonly lower: number; readonly width: number } {
  if (bucket === 0) return { lower: 0, width: 0 };
  const power = Math.floor((bucket - 1) / perPower);
  const digits = 10 + ((bucket - 1) % perPower);
  return { lower: digits * 10 ** (power - 1), width: 10 ** (power - 1) };
}

export function createHistogram(): Histogram {
  // Thousands of clusters never see a request.
  let counts: Uint32Array | undefined;
  let sum = 0;
  return {
    record: (value) => {
      const whole = value < 1 ? 0 : Math.min(longest, Math.trunc(value));
      counts ??= new Uint32Array(bucketOf(longest) + 1);
      const bucket = bucketOf(whole);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      sum += whole;
    },
    snapshot: () => ({
      buckets: [...(counts?.entries() ?? [])].filter(([, count]) => count > 0),
      sum,
    }),
  };
}

export function mergeHistograms(a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot {
  const counts = new Map(a.buckets);
  for (const [bucket, count] of b.buckets) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  return { buckets: [...counts].sort(([x], [y]) => x - y), sum: a.sum + b.sum };
}

export const countOf = ({ buckets }: HistogramSnapshot): number => buckets.reduce((sum, [, count]) => sum + count, 0);

/** The value below which so large a part (0 to 1) of the values is; undefined where there is none. */
export function quantileOf(histogram: HistogramSnapshot, part: number): number | undefined {
  const total = countOf(histogram);
  if (total === 0) return undefined;
  const wanted = part * total;
  let before = 0;
  for (const [bucket, count] of histogram.buckets) {
    const { lower, width } = boundsOf(bucket);
    if (before + count >= wanted) return lower + width * Math.max(0, (wanted - before) / count);
    before += count;
  }
  return undefined;
}

/** How many values are at most `limit`, as far as buckets can tell. */
export const countUpTo = ({ buckets }: HistogramSnapshot, limit: number): number =>
  buckets.reduce((sum, [bucket, count]) => (boundsOf(bucket).lower <= limit ? sum + count : sum), 0);
