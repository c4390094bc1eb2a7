// Access log lines for one reader: the recent ones, then those to come, for as long as the reader keeps up.
import type { ServerResponse } from 'node:http';
import type { LogFilter } from './log-filter.ts';
import { streamHeaders } from './respond.ts';
import type { LogFeedView } from './views.ts';

export interface LogRequest {
  /** Only lines that pass all of these. */
  readonly filters: readonly LogFilter[];
  /** How many of the recent lines. */
  readonly tail: number;
  readonly follow: boolean;
}

/** A reader further behind than this is dropped: its lines would fill memory. */
const maxBufferedBytes = 1024 * 1024;

export function streamLog(response: ServerResponse, feed: LogFeedView, request: LogRequest): void {
  const matches = (line: string): boolean => request.filters.every((filter) => filter(line));
  const recent = request.tail === 0 ? [] : feed.recent().filter(matches).slice(-request.tail);
  response.writeHead(200, streamHeaders);
  if (recent.length > 0) response.write(`${recent.join('\n')}\n`);
  if (!request.follow) {
    response.end();
    return;
  }
  // So that a reader of a quiet gateway knows that it is connected.
  response.flushHeaders();
  const unsubscribe = feed.subscribe((line) => {
    if (!matches(line)) return;
    response.write(`${line}\n`);
    if (response.writableLength > maxBufferedBytes) response.destroy();
  });
  response.once('close', unsubscribe);
}
