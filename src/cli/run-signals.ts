// SIGINT and SIGTERM to the two signals a run obeys: the first drains, the second ends it at once.
import type { RunSignals } from '../main/run-options.ts';

/** A terminal's Ctrl-C reaches us directly and again through npx or the wrapper: so close together they are one. */
const togetherMs = 300;
/** What does not end by then, although forced, is ended by the process. */
const forcedExitMs = 3000;

const exitCodeOfSignal = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Runs until it ends by itself or a signal stops it; a forced end sets the exit code that shells expect of the signal. */
export async function runUntilStopped(run: (signals: RunSignals) => Promise<void>): Promise<void> {
  const signals = listenForSignals();
  try {
    await run(signals);
  } finally {
    signals.off();
  }
  const forcedBy = signals.forcedBy();
  if (forcedBy !== undefined) process.exitCode = forcedBy;
}

function listenForSignals(): RunSignals & { off(): void; forcedBy(): number | undefined } {
  const stop = new AbortController();
  const force = new AbortController();
  let firstAt = 0;
  let forced: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const code = name === 'SIGINT' || name === 'SIGTERM' || name === 'SIGHUP' ? exitCodeOfSignal[name] : 1;
    if (!stop.signal.aborted) {
      firstAt = performance.now();
      stop.abort();
    } else if (performance.now() - firstAt > togetherMs && !force.signal.aborted) {
      forced = code;
      force.abort();
      setTimeout(() => process.exit(code), forcedExitMs).unref();
    }
  };
  const names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of names) process.on(name, onSignal);
  return {
    stop: stop.signal,
    force: force.signal,
    forcedBy: () => forced,
    off: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
