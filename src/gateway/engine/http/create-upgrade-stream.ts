// An HTTP/1.1 request to change protocols: answered like any other, or with 101, after which the connection carries bytes both ways.
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createHttp1Stream, type Http1Stream, type Http1StreamOwner } from './create-http1-stream.ts';
import type { DownstreamEvents } from './downstream-stream.ts';
import { formatHeaderLines } from './header-list.ts';
import { reasonPhrase } from './reason-phrases.ts';

/** The answer of a request that Node's server has let go of, parser and all. The connection ends with it. */
export function createLastResponse(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  response.shouldKeepAlive = false;
  response.on('finish', () => {
    socket.end();
    socket.destroySoon();
  });
  return response;
}

/** `sent` is what the client sent after the request's head. */
export function createUpgradeStream(
  request: IncomingMessage,
  socket: Socket,
  sent: Buffer,
  owner: Http1StreamOwner,
): Http1Stream {
  const plain = createHttp1Stream(request, createLastResponse(request, socket), owner);
  let events: DownstreamEvents | undefined;
  let upgraded = false;
  // Also says `close`, by which the answer ends.
  socket.on('error', () => {});
  socket.on('drain', () => {
    if (upgraded) events?.onDrain();
  });

  return {
    protocol: plain.protocol,
    httpVersion: plain.httpVersion,
    head: plain.head,
    // Whatever the client sends until it leaves.
    hasBody: true,
    requestComplete: false,
    listen: (handlers) => {
      events = handlers;
      plain.listen(handlers);
    },
    readBody: ({ onData }) => {
      if (sent.length > 0) onData(sent);
      socket.on('data', onData);
      // As in Envoy a client that closes its side has left.
      socket.on('end', () => socket.destroy());
    },
    pauseBody: () => void socket.pause(),
    resumeBody: () => void socket.resume(),
    sendContinue: () => {},
    respond: (status, headers, endStream) => {
      if (status !== 101) {
        plain.respond(status, headers, endStream);
        return;
      }
      upgraded = true;
      socket.write(`HTTP/1.1 101 ${reasonPhrase(101)}\r\n${formatHeaderLines(headers)}\r\n`, 'latin1');
    },
    write: (chunk) => (upgraded ? socket.destroyed || socket.write(chunk) : plain.write(chunk)),
    end: (trailers) => {
      if (upgraded) socket.destroySoon();
      else plain.end(trailers);
    },
    failProtocol: plain.failProtocol,
    reset: () => {
      if (upgraded) socket.destroySoon();
      else plain.reset();
    },
  };
}
