// One HTTP/1.1 connection to an endpoint: one request at a time, kept for the next one where the endpoint allows it.
import type { Socket } from 'node:net';
import { withHeaderCase } from '../http/header-case.ts';
import { formatHeaderLines, getHeader } from '../http/header-list.ts';
import { socketAddress } from './connect-upstream.ts';
import { createResponseParser } from './create-response-parser.ts';
import type { ResponseHead } from './parse-response-head.ts';
import type {
  ReadyConnection,
  ResetReason,
  UpstreamEvents,
  UpstreamRequestHead,
  UpstreamStream,
} from './upstream-stream.ts';

export interface Http1Connection extends ReadyConnection {
  /** Milliseconds (performance.now) until which an idle connection is worth a try. */
  readonly usableUntil: number;
  /** Requests sent so far. */
  readonly requests: number;
  /** performance.now() since when it has had no request. */
  readonly idleSince: number;
  /** A request is under way, or was cut off by its end. */
  readonly isBusy: boolean;
  close(): void;
}

export interface Http1ConnectionOwner {
  /** The client is to see header names as the endpoint writes them. */
  readonly keepsHeaderCase: boolean;
  /** A request begins; what is returned is called once it no longer counts. */
  onBusy(): () => void;
  /** The connection can take the next request. */
  onIdle(connection: Http1Connection): void;
  onClosed(connection: Http1Connection): void;
}

/** A connection that idled this long may be in the endpoint's closing when it is used: RFC 9110 9.2.2 lets such a request be sent again. */
const staleAfterMs = 1000;

/** Methods without content: Envoy adds `content-length: 0` to the others when they have no body. */
const bodilessMethods = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'CONNECT']);

export function createHttp1Connection(socket: Socket, owner: Http1ConnectionOwner): Http1Connection {
  const localAddress = socketAddress(socket.localAddress, socket.localPort);
  let events: UpstreamEvents | undefined;
  let requestEnded = true;
  let endRequest = (): void => {};
  let chunked = false;
  let isTunnel = false;
  let head: ResponseHead | undefined;
  let reusable = true;
  let closed = false;
  let requests = 0;
  let usableUntil = Number.POSITIVE_INFINITY;
  let idleSince = performance.now();
  let stale = false;
  let wasCut = false;

  const fail = (reason: ResetReason): void => {
    wasCut ||= events !== undefined;
    socket.destroy();
    const current = events;
    if (!current) return;
    events = undefined;
    const staleConnection = stale && parser.untouched && reason === 'connection termination';
    current.onReset({ reason, transportFailure: undefined, staleConnection });
  };

  /** The answer is complete: the connection is free, unless the request is not or one side wants to close. */
  const finishExchange = (): void => {
    events = undefined;
    endRequest();
    if (!reusable || !requestEnded || closed || socket.destroyed) {
      socket.destroy();
      return;
    }
    idleSince = performance.now();
    const seconds = head?.keepAliveSeconds;
    // One second less than the endpoint says: its clock started before ours.
    usableUntil = seconds === undefined ? Number.POSITIVE_INFINITY : idleSince + Math.max(0, seconds - 1) * 1000;
    head = undefined;
    socket.resume();
    owner.onIdle(connection);
  };

  const parser = createResponseParser(
    {
      onHead: (received) => {
        const current = events;
        if (!current) return;
        if (received.status < 200 && received.status !== 101) {
          if (received.status === 100) current.onContinue();
          return;
        }
        head = received;
        if (!received.keepAlive) reusable = false;
        const endStream = received.framing.kind === 'none';
        current.onHeaders(received.status, received.headers, endStream, received.headerCase);
      },
      onBody: (chunk) => events?.onData(chunk),
      onMessageEnd: (trailers, clean) => {
        const current = events;
        if (!clean) reusable = false;
        const endedWithHead = head?.framing.kind === 'none';
        finishExchange();
        if (current && !endedWithHead) current.onEnd(trailers);
      },
    },
    { keepsHeaderCase: owner.keepsHeaderCase },
  );

  const stream: UpstreamStream = {
    write: (chunk) => {
      if (chunk.length === 0) return true;
      if (!chunked) return socket.write(chunk);
      socket.cork();
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      socket.write(chunk);
      const flowing = socket.write('\r\n', 'latin1');
      socket.uncork();
      return flowing;
    },
    end: (trailers) => {
      requestEnded = true;
      if (chunked) socket.write(trailers ? `0\r\n${formatHeaderLines(trailers)}\r\n` : '0\r\n\r\n', 'latin1');
      if (!isTunnel) return;
      reusable = false;
      socket.destroySoon();
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    cancel: () => {
      wasCut = true;
      events = undefined;
      endRequest();
      socket.destroy();
    },
  };

  socket.on('data', (chunk: Buffer) => {
    if (parser.execute(chunk) === 'invalid') fail('protocol error');
  });
  socket.on('drain', () => events?.onDrain());
  // An error is always followed by close; without this listener it would end the process.
  socket.on('error', () => {});
  socket.on('end', () => {
    closed = true;
    reusable = false;
    parser.finish();
    fail('connection termination');
  });
  socket.on('close', () => {
    closed = true;
    endRequest();
    fail('connection termination');
    owner.onClosed(connection);
  });

  const connection: Http1Connection = {
    localAddress,
    get usableUntil() {
      return closed ? 0 : usableUntil;
    },
    get requests() {
      return requests;
    },
    get idleSince() {
      return idleSince;
    },
    get isBusy() {
      return wasCut || events !== undefined;
    },
    close: () => socket.destroy(),
    send: (request, handlers) => {
      events = handlers;
      endRequest = owner.onBusy();
      stale = requests > 0 && performance.now() - idleSince > staleAfterMs;
      requests++;
      requestEnded = request.endStream;
      isTunnel = request.isTunnel === true;
      chunked =
        !request.endStream &&
        request.upgrade === undefined &&
        request.method !== 'CONNECT' &&
        getHeader(request.headers, 'content-length') === undefined;
      parser.expect(request.method, request.upgrade !== undefined);
      socket.write(formatRequestHead(request, chunked), 'latin1');
      return stream;
    },
  };
  return connection;
}

/** The head as it goes out; every part was checked by the codec that read it, so that no line break can be in it. */
export function formatRequestHead(request: UpstreamRequestHead, chunked: boolean): string {
  const { headerCase } = request;
  const written = (name: string): string => headerCase?.get(name) ?? name;
  let text = `${request.method} ${request.path} HTTP/1.1\r\n`;
  if (request.authority !== '') text += `${written('host')}: ${request.authority}\r\n`;
  text += formatHeaderLines(headerCase ? withHeaderCase(request.headers, headerCase) : request.headers);
  if (chunked) text += `${written('transfer-encoding')}: chunked\r\n`;
  else if (
    request.endStream &&
    !bodilessMethods.has(request.method) &&
    getHeader(request.headers, 'content-length') === undefined
  )
    text += `${written('content-length')}: 0\r\n`;
  return `${text}\r\n`;
}
