// Waits on conditions: tests never sleep for a time they hope is enough.
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first value that is not undefined or false. Rejects, naming what it waited for, when the time is over. */
export async function waitFor<T>(
  what: string,
  read: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 10_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await delay(5);
  }
}
