// Telling a hundred thousand statistics takes a while, in the thread that serves: it lets requests through in between.

export interface Pacer {
  /** It has gone on for long enough. */
  isDue(): boolean;
  /** Everything else first. */
  pause(): Promise<void>;
}

/** What a request may have to wait for it. */
const longestMs = 4;

export function createPacer(): Pacer {
  let since = performance.now();
  return {
    isDue: () => performance.now() - since > longestMs,
    pause: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      since = performance.now();
    },
  };
}
