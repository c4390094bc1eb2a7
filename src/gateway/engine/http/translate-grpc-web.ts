// The gRPC-Web filter: a browser's request → a gRPC call, and its answer back with the trailers in the body (Envoy's grpc_web).
import { createBase64Decoder, createFrameEncoder } from './base64-stream.ts';
import type { DownstreamStream } from './downstream-stream.ts';
import { getHeader, type HeaderList, isGrpcContentType, setHeader, withoutHeaders } from './header-list.ts';
import { renderLocalReply } from './local-reply.ts';

const binaryTypes: ReadonlySet<string> = new Set(['application/grpc-web', 'application/grpc-web+proto']);
const textTypes: ReadonlySet<string> = new Set(['application/grpc-web-text', 'application/grpc-web-text+proto']);

/** Of a body as it is on the other side. */
const contentLength: ReadonlySet<string> = new Set(['content-length']);

/** Of an answer that is none of gRPC: it becomes the message of the status. Envoy's limit. */
const maxMessageBytes = 16 * 1024;

/** First byte of the frame that carries the trailers. */
const trailersFlag = 0x80;

export function isGrpcWeb(headers: HeaderList): boolean {
  const type = getHeader(headers, 'content-type') ?? '';
  return binaryTypes.has(type) || textTypes.has(type);
}

/** What the service is told: a call like any other. */
export function grpcRequestHeaders(headers: HeaderList): HeaderList {
  const changed = withoutHeaders(headers, contentLength);
  setHeader(changed, 'content-type', 'application/grpc');
  setHeader(changed, 'te', 'trailers');
  setHeader(changed, 'grpc-accept-encoding', 'identity');
  return changed;
}

function trailersFrame(trailers: HeaderList): Buffer {
  const lines: string[] = [];
  for (let i = 0; i < trailers.length; i += 2) lines.push(`${trailers[i]}:${trailers[i + 1]}\r\n`);
  const text = Buffer.from(lines.join(''), 'latin1');
  const frame = Buffer.alloc(5);
  frame.writeUInt8(trailersFlag, 0);
  frame.writeUInt32BE(text.length, 1);
  return Buffer.concat([frame, text]);
}

/** An answer without body has nothing to make a message of, and stays as it is. */
const isGrpcAnswer = (status: number, headers: HeaderList, endStream: boolean): boolean =>
  endStream || (status === 200 && isGrpcContentType(getHeader(headers, 'content-type')));

export interface GrpcWebEvents {
  /** The body is not the base64 that its content type says. Nothing follows. */
  onBadRequest(): void;
  /** Bytes of the request's body that came more than are passed on. */
  onReceived(difference: number): void;
  /** Bytes of the answer's body that the client gets more (or fewer) than were written. */
  onSent(difference: number): void;
}

export interface GrpcWebStream extends DownstreamStream {
  /** From now on; what refuses a request before it is a call answers as it answers everybody. */
  translateAnswers(): void;
}

/** The stream as the rest of the gateway may see it: bodies of both directions are those of gRPC. Its head stays as it is. */
export function translateGrpcWeb(
  stream: DownstreamStream,
  { onBadRequest, onReceived, onSent }: GrpcWebEvents,
): GrpcWebStream {
  let translates = false;
  const isTextRequest = textTypes.has(getHeader(stream.head.headers, 'content-type') ?? '');
  const isTextAnswer = textTypes.has(getHeader(stream.head.headers, 'accept') ?? '');
  const answerType = `application/grpc-web${isTextAnswer ? '-text' : ''}+proto`;
  const frames = createFrameEncoder();
  /** An answer that is none of gRPC, until its body is there. */
  let held:
    | { readonly status: number; readonly headers: HeaderList; readonly chunks: Buffer[]; bytes: number }
    | undefined;

  const send = (chunk: Buffer, given: number): boolean => {
    onSent(chunk.length - given);
    return chunk.length === 0 || stream.write(chunk);
  };

  return {
    protocol: stream.protocol,
    httpVersion: stream.httpVersion,
    head: stream.head,
    hasBody: stream.hasBody,
    get requestComplete() {
      return stream.requestComplete;
    },
    listen: (events) => stream.listen(events),
    pauseBody: () => stream.pauseBody(),
    resumeBody: () => stream.resumeBody(),
    sendContinue: () => stream.sendContinue(),
    reset: () => stream.reset(),
    readBody: (events) => {
      if (!isTextRequest) {
        stream.readBody(events);
        return;
      }
      const decoder = createBase64Decoder();
      let isBad = false;
      const fail = (): void => {
        isBad = true;
        onBadRequest();
      };
      stream.readBody({
        onData: (chunk) => {
          if (isBad) return;
          const decoded = decoder.push(chunk);
          onReceived(chunk.length - (decoded?.length ?? 0));
          if (decoded === undefined) fail();
          else if (decoded.length > 0) events.onData(decoded);
        },
        onEnd: (trailers) => {
          if (isBad) return;
          if (decoder.isComplete()) events.onEnd(trailers);
          else fail();
        },
      });
    },
    translateAnswers: () => {
      translates = true;
    },
    respond: (status, headers, endStream) => {
      if (!translates) {
        stream.respond(status, headers, endStream);
        return;
      }
      if (isGrpcAnswer(status, headers, endStream)) {
        const changed = withoutHeaders(headers, contentLength);
        setHeader(changed, 'content-type', answerType);
        stream.respond(status, changed, endStream);
        return;
      }
      held = { status, headers, chunks: [], bytes: 0 };
    },
    write: (chunk) => {
      if (!translates) return stream.write(chunk);
      if (held === undefined) return send(isTextAnswer ? frames.encode(chunk) : chunk, chunk.length);
      if (held.bytes < maxMessageBytes) held.chunks.push(chunk);
      held.bytes += chunk.length;
      onSent(-chunk.length);
      return true;
    },
    end: (trailers) => {
      if (!translates) {
        stream.end(trailers);
        return;
      }
      if (held !== undefined) {
        answerHeld();
        return;
      }
      if (isTextAnswer) send(frames.end(), 0);
      if (trailers !== undefined && trailers.length > 0) {
        const frame = trailersFrame(trailers);
        send(isTextAnswer ? Buffer.from(frame.toString('base64')) : frame, 0);
      }
      stream.end(undefined);
    },
  };

  function answerHeld(): void {
    if (held === undefined) return;
    const { status, headers, chunks } = held;
    const message = Buffer.concat(chunks).subarray(0, maxMessageBytes);
    const rendered = renderLocalReply(status, message, 'mapped', withoutHeaders(headers, contentLength));
    setHeader(rendered.headers, 'content-type', answerType);
    stream.respond(status, rendered.headers, true);
  }
}
