// The newest access log lines of a gateway, for `tidegate logs` and the admin views; both data planes push into it.
import type { AccessLogFeed } from '../data-plane.ts';

export interface AccessLogSink extends AccessLogFeed {
  /** One line without its end. */
  push(line: string): void;
}

export interface AccessLogFeedOptions {
  /** Lines remembered. */
  readonly capacity?: number;
  /** In UTF-16 code units; what is longer is cut and ends in `…`. A request's path alone may have 60 KiB. */
  readonly maxLineLength?: number;
}

export function createAccessLogFeed(options: AccessLogFeedOptions = {}): AccessLogSink {
  const capacity = options.capacity ?? 1000;
  const maxLineLength = options.maxLineLength ?? 16 * 1024;
  const ring: string[] = [];
  let oldest = 0;
  const listeners = new Set<(line: string) => void>();

  return {
    push(line) {
      const kept = line.length > maxLineLength ? `${line.slice(0, maxLineLength - 1)}…` : line;
      if (ring.length < capacity) {
        ring.push(kept);
      } else if (capacity > 0) {
        ring[oldest] = kept;
        oldest = (oldest + 1) % capacity;
      }
      for (const listener of [...listeners]) listener(kept);
    },
    recent: () => [...ring.slice(oldest), ...ring.slice(0, oldest)],
    subscribe(listener) {
      // A function of its own, so that one listener that subscribes twice is called and released twice.
      const entry = (line: string): void => listener(line);
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
      };
    },
  };
}
