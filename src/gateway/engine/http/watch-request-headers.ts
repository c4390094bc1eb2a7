// Ends HTTP/1.1 connections whose client begins a request and does not come to the end of its head (request_headers_timeout).
import type { Socket } from 'node:net';

export interface RequestHeadersWatch {
  /** A request is being served, or none will be any more. */
  isServing(): boolean;
  /** Called once. */
  onTimeout(): void;
}

/** A look this often for each timeout: node:http does not tell when the first byte of a head comes. */
const looks = 10;
const shortestLookMs = 10;

/** To be called at the beginning and the end of each request: what was read until then is no part of the next head. */
export type MarkRequest = () => void;

export function watchRequestHeaders(socket: Socket, timeoutMs: number, watch: RequestHeadersWatch): MarkRequest {
  let readBefore = socket.bytesRead;
  // In plaintext it was the first byte that told HTTP/1.1 from HTTP/2.
  let startedAt = 'encrypted' in socket ? undefined : performance.now();
  const mark = (): void => {
    readBefore = socket.bytesRead;
    startedAt = undefined;
  };
  const look = (): void => {
    if (watch.isServing()) {
      mark();
      return;
    }
    // The first look after bytes came takes them for having come right after the one before.
    if (socket.bytesRead > readBefore) startedAt ??= performance.now() - interval;
    if (startedAt === undefined || performance.now() - startedAt < timeoutMs) return;
    clearInterval(timer);
    watch.onTimeout();
  };
  const interval = Math.max(timeoutMs / looks, shortestLookMs);
  const timer = setInterval(look, interval).unref();
  socket.once('close', () => clearInterval(timer));
  return mark;
}
