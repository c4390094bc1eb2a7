// The HTTP/1.1 codec towards endpoints: bytes in, events out. It never holds more than a head, a chunk line or trailers.
import type { HeaderList } from '../http/header-list.ts';
import { parseHeaderLines, parseResponseHead, type ResponseHead } from './parse-response-head.ts';

export interface ResponseEvents {
  onHead(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
  /** The answer is complete. Not `clean`: bytes follow that nobody asked for, the connection is of no more use. */
  onMessageEnd(trailers: HeaderList | undefined, clean: boolean): void;
}

export type ParseResult = 'ok' | 'invalid';

export interface ResponseParser {
  /** Prepares for the answer to a request with this method, which may ask for another protocol: after 101 all is body. */
  expect(method: string, upgrade?: boolean): void;
  /** `invalid`: the endpoint does not speak HTTP/1.1, or sends what nobody asked for; the connection is of no more use. */
  execute(chunk: Buffer): ParseResult;
  /** The endpoint closed. True if that was the end of a body without length. */
  finish(): boolean;
  /** No byte of the answer has come. */
  readonly untouched: boolean;
}

type State = 'idle' | 'head' | 'length' | 'close' | 'tunnel' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers';

const empty = Buffer.alloc(0);
const maxChunkLineBytes = 4096;

export interface ResponseParserOptions {
  readonly maxHeadBytes?: number;
  readonly keepsHeaderCase?: boolean;
}

export function createResponseParser(
  events: ResponseEvents,
  { maxHeadBytes = 60 * 1024, keepsHeaderCase = false }: ResponseParserOptions = {},
): ResponseParser {
  let state: State = 'idle';
  let method = 'GET';
  let upgrade = false;
  /** Bytes of a head, a chunk line or trailers that are not complete yet. */
  let held: Buffer = empty;
  let remaining = 0;
  let untouched = true;

  let ended = false;
  let endTrailers: HeaderList | undefined;

  // Told only once it is known whether anything follows: the owner may send the next request at once.
  const end = (trailers: HeaderList | undefined): void => {
    state = 'idle';
    ended = true;
    endTrailers = trailers;
  };

  const readHead = (chunk: Buffer): Buffer | undefined => {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const length = endOfHead(bytes);
    if (length === undefined) {
      held = bytes;
      return bytes.length > maxHeadBytes ? undefined : empty;
    }
    held = empty;
    if (length.head > maxHeadBytes) return undefined;
    const head = parseResponseHead(bytes.toString('latin1', 0, length.head), method, keepsHeaderCase);
    if (!head || (head.status === 101 && !upgrade)) return undefined;
    const rest = bytes.subarray(length.total);
    // Interim answers come before the one that counts.
    if (head.status >= 200 || head.status === 101) {
      state = stateAfter(head);
      remaining = head.framing.kind === 'length' ? head.framing.length : 0;
    }
    events.onHead(head);
    if (head.status >= 200 && head.framing.kind === 'none') end(undefined);
    return rest;
  };

  const readData = (chunk: Buffer): Buffer => {
    const part = chunk.length > remaining ? chunk.subarray(0, remaining) : chunk;
    remaining -= part.length;
    const done = remaining === 0;
    if (state === 'chunk-data' && done) state = 'chunk-end';
    if (state === 'length' && done) end(undefined);
    events.onBody(part);
    return chunk.subarray(part.length);
  };

  /** A line without its line end and what follows it; undefined while it is not complete, false when it is too long. */
  const readLine = (chunk: Buffer): { line: string; rest: Buffer } | undefined | false => {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const feed = bytes.indexOf(10);
    if (feed === -1) {
      held = bytes;
      return bytes.length > maxChunkLineBytes ? false : undefined;
    }
    held = empty;
    const stop = feed > 0 && bytes[feed - 1] === 13 ? feed - 1 : feed;
    return { line: bytes.toString('latin1', 0, stop), rest: bytes.subarray(feed + 1) };
  };

  const readChunkSize = (chunk: Buffer): Buffer | undefined => {
    const read = readLine(chunk);
    if (read === undefined) return empty;
    const size = read === false ? undefined : /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(read.line)?.[1];
    if (read === false || size === undefined) return undefined;
    remaining = Number.parseInt(size, 16);
    state = remaining === 0 ? 'trailers' : 'chunk-data';
    return read.rest;
  };

  const readChunkEnd = (chunk: Buffer): Buffer | undefined => {
    const read = readLine(chunk);
    if (read === undefined) return empty;
    if (read === false || read.line !== '') return undefined;
    state = 'chunk-size';
    return read.rest;
  };

  const readTrailers = (chunk: Buffer): Buffer | undefined => {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const emptyLine = bytes[0] === 10 ? 1 : bytes[0] === 13 && bytes[1] === 10 ? 2 : 0;
    if (emptyLine > 0) {
      held = empty;
      end(undefined);
      return bytes.subarray(emptyLine);
    }
    const length = endOfHead(bytes);
    if (length === undefined) {
      held = bytes;
      return bytes.length > maxHeadBytes ? undefined : empty;
    }
    held = empty;
    const lines = bytes.toString('latin1', 0, length.head).split(/\r?\n/);
    const trailers = parseHeaderLines(lines, 0);
    if (!trailers) return undefined;
    end(trailers);
    return bytes.subarray(length.total);
  };

  const step = (chunk: Buffer): Buffer | undefined => {
    switch (state) {
      case 'idle':
        return undefined;
      case 'head':
        return readHead(chunk);
      case 'length':
      case 'chunk-data':
        return readData(chunk);
      case 'close':
      case 'tunnel':
        events.onBody(chunk);
        return empty;
      case 'chunk-size':
        return readChunkSize(chunk);
      case 'chunk-end':
        return readChunkEnd(chunk);
      case 'trailers':
        return readTrailers(chunk);
    }
  };

  return {
    get untouched() {
      return untouched;
    },
    expect: (requestMethod, asksUpgrade = false) => {
      method = requestMethod;
      upgrade = asksUpgrade;
      state = 'head';
      held = empty;
      untouched = true;
    },
    execute: (chunk) => {
      untouched = false;
      let rest: Buffer | undefined = chunk;
      while (rest !== undefined && rest.length > 0) {
        rest = step(rest);
        if (!ended) continue;
        ended = false;
        const clean = rest?.length === 0;
        events.onMessageEnd(endTrailers, clean);
        return 'ok';
      }
      return rest === undefined ? 'invalid' : 'ok';
    },
    finish: () => {
      if (state !== 'close') return false;
      state = 'idle';
      events.onMessageEnd(undefined, false);
      return true;
    },
  };
}

function stateAfter(head: ResponseHead): State {
  switch (head.framing.kind) {
    case 'length':
      return 'length';
    case 'chunked':
      return 'chunk-size';
    case 'close':
      return 'close';
    case 'tunnel':
      return 'tunnel';
    case 'none':
      return 'idle';
  }
}

/** Where the empty line is. Line feeds alone end lines too, as old backends send them. */
function endOfHead(bytes: Buffer): { head: number; total: number } | undefined {
  const crlf = bytes.indexOf('\r\n\r\n', 0, 'latin1');
  const bare = (crlf === -1 ? bytes : bytes.subarray(0, crlf)).indexOf('\n\n', 0, 'latin1');
  if (bare !== -1) return { head: bare, total: bare + 2 };
  return crlf === -1 ? undefined : { head: crlf, total: crlf + 4 };
}
