// Delays changes of hosts' health as Envoy does (update_merge_window): the first counts at once, what follows soon after it together.

export interface MergeWindow {
  /** Something changed that can wait. */
  request(): void;
  /** Everything was applied just now. */
  applied(): void;
  close(): void;
}

export function createMergeWindow(
  windowMs: () => number,
  apply: () => void,
  now: () => number = () => performance.now(),
): MergeWindow {
  let last = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const run = (): void => {
    stop();
    last = now();
    apply();
  };
  return {
    request: () => {
      if (now() - last > windowMs()) run();
      else timer ??= setTimeout(run, windowMs()).unref();
    },
    applied: () => {
      stop();
      last = now();
    },
    close: stop,
  };
}
