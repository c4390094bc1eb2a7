// A request on HTTP/1.1, on node:http's parser; the answer's head is written as the engine says, nothing is added to it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DownstreamEvents, DownstreamStream, RequestHead } from './downstream-stream.ts';
import { withHeaderCase } from './header-case.ts';
import { fromRawHeaders, getHeader, type HeaderList, hasToken } from './header-list.ts';
import { reasonPhrase } from './reason-phrases.ts';

/** How long a client may take to read an answer that closes the connection before its request was complete; Envoy's delayed_close_timeout. */
export const delayedCloseMs = 1000;

export interface Http1StreamOwner {
  /** The connection closes after this answer. */
  onLastAnswer(): void;
  /** The answer is out, or never will be. */
  onClosed(): void;
}

export interface Http1Stream extends DownstreamStream {
  /** The request's body breaks the protocol. */
  failProtocol(): void;
}

export function createHttp1Stream(
  request: IncomingMessage,
  response: ServerResponse,
  owner: Http1StreamOwner,
): Http1Stream {
  const head = readHead(request);
  const hasBody = bodyFollows(head.headers);
  const clientCloses = hasToken(getHeader(head.headers, 'connection'), 'close');
  let events: DownstreamEvents | undefined;
  let closed = false;

  response.sendDate = false;
  response.on('drain', () => events?.onDrain());
  response.on('close', () => {
    if (closed) return;
    closed = true;
    events?.onClose(response.writableFinished);
    owner.onClosed();
  });
  // Both fail when the client goes away; `close` tells.
  request.on('error', () => {});
  response.on('error', () => {});

  return {
    protocol: 'HTTP/1.1',
    httpVersion: request.httpVersion === '1.1' ? '1.1' : '1.0',
    head,
    hasBody,
    get requestComplete() {
      return !hasBody || request.complete;
    },
    listen: (handlers) => {
      events = handlers;
    },
    readBody: (body) => {
      request.on('data', body.onData);
      request.on('end', () => {
        const trailers = request.rawTrailers;
        body.onEnd(trailers.length > 0 ? fromRawHeaders(trailers) : undefined);
      });
    },
    pauseBody: () => void request.pause(),
    resumeBody: () => void request.resume(),
    sendContinue: () => {
      if (!response.headersSent && !response.destroyed) response.writeContinue();
    },
    respond: (status, headers, endStream, headerCase) => {
      if (response.headersSent || response.destroyed) return;
      // Node would announce keep-alive otherwise, which Envoy does not.
      response.removeHeader('connection');
      if (hasToken(getHeader(headers, 'connection'), 'close')) {
        owner.onLastAnswer();
        // A client that asked for it expects it; any other may still be sending.
        if (!clientCloses || (hasBody && !request.complete)) closeSlowly(response);
      }
      const framing = endStream && status !== 204 && status !== 304 ? missingFraming(head.method, headers) : [];
      const written = [...framing, ...headers];
      response.writeHead(status, reasonPhrase(status), headerCase ? withHeaderCase(written, headerCase) : written);
      if (endStream) response.end();
    },
    write: (chunk) => response.destroyed || response.write(chunk),
    end: (trailers) => {
      if (trailers) {
        for (let i = 0; i < trailers.length; i += 2) response.addTrailers([[trailers[i] ?? '', trailers[i + 1] ?? '']]);
      }
      response.end();
    },
    failProtocol: () => events?.onProtocolError(),
    reset: () => {
      // The last bytes still go out: an answer that breaks off is told from a whole one by its length.
      owner.onLastAnswer();
      const { socket } = response;
      if (socket) socket.destroySoon();
      else response.destroy();
    },
  };
}

/** Envoy says how long an answer without a body is; to HEAD it says that a body would come in chunks. */
function missingFraming(method: string, headers: HeaderList): HeaderList {
  if (getHeader(headers, 'content-length') !== undefined) return [];
  return method === 'HEAD' ? ['transfer-encoding', 'chunked'] : ['content-length', '0'];
}

function readHead(request: IncomingMessage): RequestHead {
  const raw = fromRawHeaders(request.rawHeaders);
  const authority = getHeader(raw, 'host');
  const headers: HeaderList = [];
  for (let i = 0; i < raw.length; i += 2) if (raw[i] !== 'host') headers.push(raw[i] ?? '', raw[i + 1] ?? '');
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    authority,
    scheme: undefined,
    headers,
    rawHeaders: request.rawHeaders,
  };
}

function bodyFollows(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'transfer-encoding') return true;
    if (headers[i] === 'content-length') return Number(headers[i + 1]) !== 0;
  }
  return false;
}

/**
 * The client is still sending: a close now would make the kernel answer with a reset that can take the answer with it.
 * What still comes is read and dropped until the client closes, for at most a second.
 */
function closeSlowly(response: ServerResponse): void {
  const { socket } = response;
  if (!socket) return;
  socket.destroySoon = () => {
    const timer = setTimeout(() => socket.destroy(), delayedCloseMs);
    socket.once('close', () => clearTimeout(timer));
    socket.resume();
  };
}
