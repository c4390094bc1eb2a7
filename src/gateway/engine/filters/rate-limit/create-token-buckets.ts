// Token buckets of all rate limits, in memory that the engine's threads share: bounded, and the same for all of them.
import { xxHash64 } from '../../cluster/xx-hash.ts';
import type { TokenBucket } from '../../config/engine-config.ts';

export interface Taken {
  readonly allowed: boolean;
  /** Whole tokens that are left. */
  readonly remaining: number;
  /** Seconds until there is one again; 0 where there is. */
  readonly resetSeconds: number;
}

export interface TokenBuckets {
  /** Takes a token out of the bucket of that name, if there is one. A name that is not known has a full bucket. */
  take(name: string, bucket: TokenBucket): Taken;
}

/** Names that are known at a time; whose bucket is fuller goes first. A power of two. */
const defaultSlots = 65_536;
/** Places that a name may have. */
const ways = 8;

export const createBucketMemory = (slots: number = defaultSlots): SharedArrayBuffer =>
  new SharedArrayBuffer(slots * 2 * BigInt64Array.BYTES_PER_ELEMENT);

/**
 * A bucket is one number, the time in nanoseconds at which it would be full again (the generic cell rate algorithm), so that a
 * compare-and-exchange takes a token. `now` is the same clock in every thread.
 */
export function createTokenBuckets(memory: SharedArrayBuffer, now: () => bigint = process.hrtime.bigint): TokenBuckets {
  const slots = memory.byteLength / (2 * BigInt64Array.BYTES_PER_ELEMENT);
  const names = new BigInt64Array(memory, 0, slots);
  const full = new BigInt64Array(memory, slots * BigInt64Array.BYTES_PER_ELEMENT, slots);

  const slotOf = (name: string): number => {
    const hash = BigInt.asIntN(64, xxHash64(name)) || 1n;
    const first = Number(BigInt.asUintN(32, hash)) % slots;
    let fullest = first;
    let fullestAt: bigint | undefined;
    for (let i = 0; i < ways; i++) {
      const slot = (first + i) % slots;
      const there = Atomics.load(names, slot);
      if (there === hash) return slot;
      const at = there === 0n ? -1n : Atomics.load(full, slot);
      if (fullestAt === undefined || at < fullestAt) [fullest, fullestAt] = [slot, at];
    }
    Atomics.store(names, fullest, hash);
    Atomics.store(full, fullest, 0n);
    return fullest;
  };

  return {
    take: (name, { maxTokens, tokensPerFill, fillIntervalMs }) => {
      const slot = slotOf(name);
      const perToken = BigInt(Math.max(1, Math.round((fillIntervalMs * 1e6) / tokensPerFill)));
      const capacity = perToken * BigInt(maxTokens);
      for (;;) {
        const known = Atomics.load(full, slot);
        const time = now();
        const missing = known > time ? known - time : 0n;
        if (missing + perToken > capacity) {
          const wait = missing + perToken - capacity;
          return { allowed: false, remaining: 0, resetSeconds: Math.ceil(Number(wait) / 1e9) };
        }
        const after = time + missing + perToken;
        // Another thread was faster: once more with what it has left.
        if (Atomics.compareExchange(full, slot, known, after) !== known) continue;
        const left = capacity - (after - time);
        const remaining = Number(left / perToken);
        const wait = remaining > 0 ? 0n : perToken - left;
        return { allowed: true, remaining, resetSeconds: Math.ceil(Number(wait) / 1e9) };
      }
    },
  };
}
