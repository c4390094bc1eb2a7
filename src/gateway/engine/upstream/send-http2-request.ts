// One request on an HTTP/2 connection to an endpoint, gRPC's trailers included.
import http2 from 'node:http2';
import { fromRawHeaders, type HeaderList } from '../http/header-list.ts';
import { toHttp2Headers } from '../http/http2-headers.ts';
import { resetHttp2Stream } from '../http/reset-http2-stream.ts';
import type { ResetReason, UpstreamEvents, UpstreamRequestHead, UpstreamStream } from './upstream-stream.ts';

const { constants } = http2;

/** `onClosed` is called once, when the stream no longer counts. */
export function sendHttp2Request(
  session: http2.ClientHttp2Session,
  head: UpstreamRequestHead,
  handlers: UpstreamEvents,
  onClosed: () => void,
): UpstreamStream {
  let events: UpstreamEvents | undefined = handlers;
  let requestTrailers: HeaderList | undefined;
  let trailers: HeaderList | undefined;
  const take = (): UpstreamEvents | undefined => {
    const current = events;
    events = undefined;
    return current;
  };

  let stream: http2.ClientHttp2Stream;
  try {
    stream = session.request(requestHeaders(head), { endStream: head.endStream, waitForTrailers: !head.endStream });
  } catch {
    // The session closed between being picked and being used: nothing was sent.
    queueMicrotask(() => {
      onClosed();
      take()?.onReset({ reason: 'remote refused stream reset', transportFailure: undefined, staleConnection: true });
    });
    return { write: () => true, end: () => {}, pause: () => {}, resume: () => {}, cancel: () => void take() };
  }

  stream.on('headers', (headers) => {
    if (Number(headers[':status']) === 100) events?.onContinue();
  });
  stream.on('response', (headers, flags, raw) => {
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const status = Number(headers[':status']);
    const current = endStream ? take() : events;
    const upgraded = head.upgrade !== undefined && status === 200;
    const answered = responseHeaders(raw);
    if (upgraded) current?.onHeaders(101, [...answered, 'connection', 'upgrade', 'upgrade', head.upgrade], endStream);
    else current?.onHeaders(status, answered, endStream);
  });
  stream.on('data', (chunk: Buffer) => events?.onData(chunk));
  stream.on('trailers', (_headers, _flags, raw) => {
    trailers = fromRawHeaders(raw ?? []);
  });
  stream.on('end', () => {
    // A reset ends the readable side too; only a clean end is the end of the answer.
    if (stream.rstCode === constants.NGHTTP2_NO_ERROR && !stream.aborted) take()?.onEnd(trailers);
  });
  stream.on('drain', () => events?.onDrain());
  stream.on('wantTrailers', () => stream.sendTrailers(toHttp2Headers(requestTrailers ?? [])));
  stream.on('error', () => {});
  stream.on('close', () => {
    onClosed();
    take()?.onReset({ reason: resetReason(stream, session), transportFailure: undefined, staleConnection: false });
  });

  return {
    write: (chunk) => stream.destroyed || stream.write(chunk),
    end: (withTrailers) => {
      requestTrailers = withTrailers;
      if (!stream.destroyed) stream.end();
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    cancel: () => {
      take();
      resetHttp2Stream(stream, constants.NGHTTP2_CANCEL);
    },
  };
}

function resetReason(stream: http2.ClientHttp2Stream, session: http2.ClientHttp2Session): ResetReason {
  if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) return 'remote refused stream reset';
  if (session.destroyed || session.closed) return 'connection termination';
  return stream.rstCode === constants.NGHTTP2_PROTOCOL_ERROR ? 'protocol error' : 'remote reset';
}

function requestHeaders(head: UpstreamRequestHead): http2.OutgoingHttpHeaders {
  const headers = toHttp2Headers(head.headers);
  headers[':method'] = head.upgrade === undefined ? head.method : 'CONNECT';
  // RFC 8441.
  if (head.upgrade !== undefined) headers[':protocol'] = head.upgrade;
  // RFC 9113 8.5: CONNECT alone has neither.
  if (head.method !== 'CONNECT' || head.upgrade !== undefined) {
    headers[':path'] = head.path;
    headers[':scheme'] = head.scheme;
  }
  if (head.authority !== '') headers[':authority'] = head.authority;
  return headers;
}

function responseHeaders(raw: readonly string[]): HeaderList {
  const headers: HeaderList = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (!name.startsWith(':')) headers.push(name, raw[i + 1] ?? '');
  }
  return headers;
}
