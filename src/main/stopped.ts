// Waiting for the end of a run.

/** Resolves when the signal aborts; at once if it has. */
export function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** The promise's value, or `stopped` if the signal aborts first. The promise goes on; its later failure is not reported. */
export async function untilStopped<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | 'stopped'> {
  promise.catch(() => undefined);
  return Promise.race([promise, stopped(signal).then(() => 'stopped' as const)]);
}
