// Runs a source and lets a test wait for the snapshot it expects.
import assert from 'node:assert/strict';
import type { Snapshot, Source } from '../../src/pilot/resources/snapshot.ts';

const PATIENCE_MS = 10_000;

export interface SnapshotCollector {
  readonly snapshots: readonly Snapshot[];
  latest(): Snapshot;
  /** The first snapshot from now on (the latest one included) that fits; fails with `what` after ten seconds. */
  until(what: string, fits: (snapshot: Snapshot) => boolean): Promise<Snapshot>;
  /** Aborts the run and waits for its end. */
  stop(): Promise<void>;
}

export function collectSnapshots(source: Source): SnapshotCollector {
  const snapshots: Snapshot[] = [];
  const abort = new AbortController();
  let notify = (): void => undefined;
  const run = source.run((snapshot) => {
    snapshots.push(snapshot);
    notify();
  }, abort.signal);
  // A failure of the run surfaces in stop().
  run.catch(() => undefined);

  return {
    snapshots,
    latest() {
      const snapshot = snapshots.at(-1);
      assert.ok(snapshot, 'there is no snapshot yet');
      return snapshot;
    },
    async until(what, fits) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const snapshot = snapshots.at(-1);
        if (snapshot && fits(snapshot)) return snapshot;
        const left = deadline - Date.now();
        if (left <= 0) assert.fail(`no snapshot: ${what}; the last one has ${JSON.stringify(describe(snapshot))}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          notify = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async stop() {
      abort.abort();
      await run;
    },
  };
}

function describe(snapshot: Snapshot | undefined): unknown {
  if (!snapshot) return undefined;
  const objects = Object.values(snapshot.objects).flatMap((map) => [...map.keys()]);
  return { objects: objects.slice(0, 20), diagnostics: snapshot.diagnostics.slice(0, 5) };
}
