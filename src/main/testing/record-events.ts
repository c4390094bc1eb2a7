// For tests of the composition: what a run told, and the signals that end it.
import type { ReadyReport, RunEvents } from '../run-options.ts';

export interface RecordedEvents extends RunEvents {
  readonly told: string[];
  /** Resolves with the report of `ready`. */
  readonly whenReady: Promise<ReadyReport>;
  /** Resolves once something told contains the text. */
  whenTold(text: string): Promise<void>;
}

export function recordEvents(): RecordedEvents {
  const told: string[] = [];
  const ready = Promise.withResolvers<ReadyReport>();
  const waiting: { text: string; resolve: () => void }[] = [];
  const tell = (line: string): void => {
    told.push(line);
    for (const { text, resolve } of waiting) if (line.includes(text)) resolve();
  };
  return {
    told,
    whenReady: ready.promise,
    whenTold: (text) =>
      new Promise((resolve) => {
        if (told.some((line) => line.includes(text))) resolve();
        else waiting.push({ text, resolve });
      }),
    ready: (report) => {
      tell('ready');
      ready.resolve(report);
    },
    diagnostic: ({ code, resource }, state) => tell(`${state} ${code} ${resource?.name ?? ''}`.trim()),
    moreDiagnostics: (count) => tell(`${count} more`),
    accessLog: (line) => tell(`access ${line}`),
    log: (text) => tell(`log ${text.trimEnd()}`),
    progress: { write: (text) => tell(`progress ${text}`) },
    isColored: false,
  };
}

export function createSignals(): {
  stop: AbortController;
  force: AbortController;
  signals: { stop: AbortSignal; force: AbortSignal };
} {
  const [stop, force] = [new AbortController(), new AbortController()];
  return { stop, force, signals: { stop: stop.signal, force: force.signal } };
}
