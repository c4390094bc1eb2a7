// A request on HTTP/2, on node:http2's streams, gRPC's trailers included.
import http2 from 'node:http2';
import type { DownstreamEvents, DownstreamStream, RequestHead } from './downstream-stream.ts';
import { fromRawHeaders, type HeaderList } from './header-list.ts';
import { toHttp2Headers } from './http2-headers.ts';
import { resetHttp2Stream } from './reset-http2-stream.ts';

const { constants } = http2;

export function createHttp2Stream(
  stream: http2.ServerHttp2Stream,
  flags: number,
  rawHeaders: readonly string[],
): DownstreamStream {
  const head = readHead(rawHeaders);
  const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
  let events: DownstreamEvents | undefined;
  let requestComplete = !hasBody;
  let requestTrailers: HeaderList | undefined;
  let responseTrailers: HeaderList | undefined;
  let ended = false;

  stream.on('drain', () => events?.onDrain());
  stream.on('wantTrailers', () => stream.sendTrailers(toHttp2Headers(responseTrailers ?? [])));
  stream.on('error', () => {});
  stream.on('close', () => {
    const code = stream.rstCode;
    const complete = ended && (code === constants.NGHTTP2_NO_ERROR || code === undefined);
    events?.onClose(complete);
  });

  return {
    protocol: 'HTTP/2',
    httpVersion: '2',
    head,
    hasBody,
    get requestComplete() {
      return requestComplete;
    },
    listen: (handlers) => {
      events = handlers;
    },
    readBody: (body) => {
      stream.on('data', body.onData);
      stream.on('trailers', (_headers, _flags, raw) => {
        requestTrailers = fromRawHeaders(raw ?? []);
      });
      stream.on('end', () => {
        // Node ends the readable side of a reset stream too.
        if (stream.aborted || requestComplete) return;
        requestComplete = true;
        body.onEnd(requestTrailers);
      });
    },
    pauseBody: () => void stream.pause(),
    resumeBody: () => void stream.resume(),
    sendContinue: () => {
      if (!stream.headersSent && !stream.destroyed) stream.additionalHeaders({ ':status': 100 });
    },
    respond: (status, headers, endStream) => {
      if (stream.headersSent || stream.destroyed) return;
      const response: http2.OutgoingHttpHeaders = toHttp2Headers(headers);
      response[':status'] = status;
      ended = endStream;
      stream.respond(response, { endStream, waitForTrailers: !endStream });
      if (endStream) finishRequest();
    },
    write: (chunk) => stream.destroyed || stream.write(chunk),
    end: (trailers) => {
      if (stream.destroyed) return;
      ended = true;
      responseTrailers = trailers;
      stream.end();
      finishRequest();
    },
    reset: () => resetHttp2Stream(stream, constants.NGHTTP2_INTERNAL_ERROR),
  };

  /** The answer is out: what still comes of the request is of no use to anybody (RFC 9113 8.1: reset with NO_ERROR). */
  function finishRequest(): void {
    if (requestComplete) return;
    stream.once('finish', () => resetHttp2Stream(stream, constants.NGHTTP2_NO_ERROR));
    stream.resume();
  }
}

function readHead(raw: readonly string[]): RequestHead {
  const headers: HeaderList = [];
  let method = '';
  let target = '';
  let scheme: string | undefined;
  let authority: string | undefined;
  let host: string | undefined;
  let cookie = -1;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (name === ':method') method = value;
    else if (name === ':path') target = value;
    else if (name === ':scheme') scheme = value;
    else if (name === ':authority') authority = value;
    else if (name === 'host') host = host === undefined ? value : `${host},${value}`;
    else if (name === 'cookie' && cookie !== -1) headers[cookie] = `${headers[cookie]}; ${value}`;
    else if (!name.startsWith(':')) {
      // RFC 9113 8.2.3: crumbs of a cookie are one header again before they leave HTTP/2.
      if (name === 'cookie') cookie = headers.length + 1;
      headers.push(name.toLowerCase(), value);
    }
  }
  return { method, target, authority: authority ?? host, scheme, headers };
}
