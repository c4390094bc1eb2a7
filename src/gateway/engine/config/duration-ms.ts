// protobuf durations as milliseconds.
import type { Duration } from '@bufbuild/protobuf/wkt';

/** Node's timers take no more (24 days): what is longer would end at once. */
const longestTimerMs = 2 ** 31 - 1;

export function durationMs(duration: Duration | undefined, absent: number): number {
  if (duration === undefined) return absent;
  return Math.min(longestTimerMs, Number(duration.seconds) * 1000 + duration.nanos / 1e6);
}
