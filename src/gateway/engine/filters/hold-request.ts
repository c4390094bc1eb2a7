// Holds a request back until a filter lets go of it: what comes of its body meanwhile is kept, and the client is stopped in time.
import type { Exchange } from '../http/exchange.ts';
import type { HeaderList } from '../http/header-list.ts';

/** Bytes that are kept before the client is asked to stop. */
const highWaterBytes = 64 * 1024;

export interface HeldRequest {
  readonly ended: boolean;
  readonly bytes: number;
  /** What came of the body so far. */
  body(): Buffer;
  /** Gives the request to whoever takes it over in `next`, with what came of its body. */
  release(next: () => void): void;
}

export interface HoldOptions {
  /** So much is wanted of the body, however long it takes. */
  readonly wantedBytes: number;
  /** More came, or the end. */
  readonly onProgress: () => void;
  /** The client went away. */
  readonly onAbort: () => void;
}

export function holdRequest(exchange: Exchange, { wantedBytes, onProgress, onAbort }: HoldOptions): HeldRequest {
  const { events, stream, info } = exchange;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let paused = false;
  let end: { readonly trailers: HeaderList | undefined } | undefined = stream.hasBody
    ? undefined
    : { trailers: undefined };
  events.onData = (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > Math.max(wantedBytes, highWaterBytes) && !paused) {
      paused = true;
      stream.pauseBody();
    }
    onProgress();
  };
  events.onRequestEnd = (trailers) => {
    end = { trailers };
    onProgress();
  };
  events.onAbort = onAbort;
  return {
    get ended() {
      return end !== undefined;
    },
    get bytes() {
      return bytes;
    },
    body: () => Buffer.concat(chunks),
    release: (next) => {
      info.heldUntil = performance.now();
      events.onData = () => {};
      events.onRequestEnd = () => {};
      events.onAbort = () => {};
      next();
      for (const chunk of chunks) events.onData(chunk);
      if (!stream.hasBody) return;
      if (end) events.onRequestEnd(end.trailers);
      else if (paused) stream.resumeBody();
    },
  };
}
