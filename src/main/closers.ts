// Undoes what a run has set up, last first; one failure does not keep the others from being undone.
import type { Logger } from '../lib/logger.ts';

export interface Closers {
  add(what: string, close: () => void | Promise<void>): void;
  closeAll(): Promise<void>;
}

export function createClosers(logger: Logger): Closers {
  const closers: { what: string; close: () => void | Promise<void> }[] = [];
  return {
    add: (what, close) => void closers.push({ what, close }),
    closeAll: async () => {
      for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
        try {
          await next.close();
        } catch (error) {
          logger.warn({ err: error }, `could not close ${next.what}`);
        }
      }
    },
  };
}
