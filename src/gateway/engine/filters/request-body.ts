// A request's body between client and endpoint: streamed, and kept as long as a retry may need it again, within a bound.
import type { HeaderList } from '../http/header-list.ts';
import type { UpstreamStream } from '../upstream/upstream-stream.ts';

export interface RequestBody {
  /** All that came so far can be sent again. */
  readonly replayable: boolean;
  readonly ended: boolean;
  /** Sends what came so far, then whatever comes, to this try. */
  attach(upstream: UpstreamStream): void;
  /** No try takes anything now: what comes is held, within the bound. */
  detach(): void;
  push(chunk: Buffer): void;
  end(trailers: HeaderList | undefined): void;
  onUpstreamDrain(): void;
  /** There will be no further try: nothing is kept any more. */
  stopKeeping(): void;
}

export interface RequestBodyOptions {
  readonly hasBody: boolean;
  /** Whether there may be a retry at all. */
  readonly keep: boolean;
  readonly maxBytes: number;
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Bytes that wait for a connection before the client is asked to stop. */
const highWaterBytes = 64 * 1024;

export function createRequestBody(options: RequestBodyOptions): RequestBody {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let keeping = options.keep;
  let complete = true;
  let ended = !options.hasBody;
  let trailers: HeaderList | undefined;
  let upstream: UpstreamStream | undefined;
  let paused = false;

  const pause = (): void => {
    if (paused || ended) return;
    paused = true;
    options.pause();
  };
  const resume = (): void => {
    if (!paused) return;
    paused = false;
    options.resume();
  };
  const drop = (): void => {
    if (bytes > 0) complete = false;
    chunks = [];
    bytes = 0;
  };

  return {
    get replayable() {
      return complete;
    },
    get ended() {
      return ended;
    },
    attach: (next) => {
      upstream = next;
      let flowing = true;
      for (const chunk of chunks) flowing = next.write(chunk) && flowing;
      if (!keeping) drop();
      if (ended) {
        if (options.hasBody) next.end(trailers);
      } else if (flowing) resume();
      else pause();
    },
    detach: () => {
      upstream = undefined;
    },
    push: (chunk) => {
      const sent = upstream !== undefined;
      const flowing = upstream?.write(chunk) ?? true;
      if (keeping && bytes + chunk.length > options.maxBytes) {
        keeping = false;
        if (sent) drop();
      }
      if (keeping || !sent) {
        chunks.push(chunk);
        bytes += chunk.length;
      } else complete = false;
      if (!flowing || (!sent && bytes > highWaterBytes)) pause();
    },
    end: (withTrailers) => {
      ended = true;
      trailers = withTrailers;
      upstream?.end(withTrailers);
    },
    onUpstreamDrain: resume,
    stopKeeping: () => {
      keeping = false;
      if (upstream !== undefined) drop();
    },
  };
}
