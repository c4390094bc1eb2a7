// Lets a loop sleep until there is work: the first call wakes it at once, those in a burst are one.
import { setTimeout as delay } from 'node:timers/promises';

export interface Wake {
  now(): void;
  /**
   * True as soon as there was a `now` since the last wait, but not before `notBefore` (performance.now()); false after
   * `ms` without one. An abort counts as `now`.
   */
  wait(ms: number, notBefore: number): Promise<boolean>;
  close(): void;
}

export function createWake(signal: AbortSignal): Wake {
  let woken = false;
  let resolve: (() => void) | undefined;
  const now = (): void => {
    woken = true;
    resolve?.();
  };
  signal.addEventListener('abort', now);

  return {
    now,
    async wait(ms, notBefore) {
      if (!woken && !signal.aborted) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((wake) => {
          resolve = wake;
          timer = setTimeout(wake, ms);
        });
        clearTimeout(timer);
        resolve = undefined;
      }
      const early = notBefore - performance.now();
      if (woken && early > 0) await delay(early, undefined, { signal }).catch(() => undefined);
      const result = woken;
      woken = false;
      return result;
    },
    close: () => signal.removeEventListener('abort', now),
  };
}
