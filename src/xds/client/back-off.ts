// How long to wait before the next attempt: doubling, bounded, and random so that many clients do not come back at once.

export interface BackOff {
  /** Milliseconds until the next attempt; each call is one failure more. */
  next(): number;
  reset(): void;
}

export interface BackOffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Between 0 and 1; tests give their own. */
  readonly random?: () => number;
}

/** Full jitter, but never less than a tenth of the initial time: a server that refuses at once is not asked in a loop. */
export function createBackOff({ initialMs, maxMs, random = Math.random }: BackOffOptions): BackOff {
  let failures = 0;
  return {
    next() {
      const ceiling = Math.min(maxMs, initialMs * 2 ** Math.min(failures, 30));
      failures += 1;
      return Math.max(initialMs / 10, random() * ceiling);
    },
    reset() {
      failures = 0;
    },
  };
}
