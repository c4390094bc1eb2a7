// Shows the download of Envoy on a terminal or in a log: one moving line there, a few lines here.
import type { FetchProgress } from './fetch-envoy.ts';

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(1);

/** In a log a line is printed for each quarter; NO_COLOR makes no difference, as there is none. */
export function fetchProgressPrinter(stream: ProgressStream): (progress: FetchProgress) => void {
  let printedQuarter = -1;
  let open = false;
  return (progress) => {
    if (progress.kind === 'unpacking') {
      if (open) stream.write('\n');
      open = false;
      stream.write('tidegate: checksum verified, unpacking Envoy\n');
      return;
    }
    const { receivedBytes, totalBytes } = progress;
    const text = `tidegate: downloading Envoy ${megabytes(receivedBytes)} of ${megabytes(totalBytes)} MB`;
    if (stream.isTTY) {
      stream.write(`\r${text}`);
      open = true;
      return;
    }
    const quarter = Math.floor((4 * receivedBytes) / totalBytes);
    if (quarter > printedQuarter) stream.write(`${text}\n`);
    printedQuarter = Math.max(printedQuarter, quarter);
  };
}
