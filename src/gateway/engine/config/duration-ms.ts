// protobuf durations as milliseconds.
import type { Duration } from '@bufbuild/protobuf/wkt';

export function durationMs(duration: Duration | undefined, absent: number): number {
  return duration === undefined ? absent : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
