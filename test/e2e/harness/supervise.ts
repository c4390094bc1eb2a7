// A server that a test has started: it ends with the test, and its folder with it, whatever happens.
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';

/** Returns what stops it: SIGTERM, then SIGKILL after `patienceMs`. */
export function supervise(child: ChildProcess, folder: string, patienceMs: number): () => Promise<void> {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return async () => {
    process.removeListener('exit', kill);
    child.kill('SIGTERM');
    const forced = setTimeout(kill, patienceMs);
    await ended;
    clearTimeout(forced);
    rmSync(folder, { recursive: true, force: true });
  };
}
