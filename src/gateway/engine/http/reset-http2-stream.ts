// Breaks an HTTP/2 stream off, of a client or to an endpoint.
import type { Http2Stream } from 'node:http2';

/**
 * Not at once: Node 26 ends the process (`Http2Stream::OnTrailers`, `!is_destroyed()`) if a stream whose other side is
 * complete is closed while the session still reads, which is when most reasons to close one are found.
 */
export function resetHttp2Stream(stream: Http2Stream, code: number): void {
  setImmediate(() => {
    if (!stream.closed) stream.close(code);
  });
}
