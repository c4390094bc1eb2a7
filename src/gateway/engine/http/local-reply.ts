// Answers the gateway gives itself: the same headers and bodies as Envoy's, and gRPC's own form for gRPC clients.
import { getHeader, type HeaderList, setHeader } from './header-list.ts';

/** As in Envoy's httpToGrpcStatus. */
const grpcStatusByHttp: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

export interface RenderedReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

/**
 * Without date, server and connection, which every answer gets.
 *
 * @param grpc for gRPC clients: the status they get, or `mapped` for the one that `status` stands for
 * @param own headers that this answer has beside; a content type of theirs stays
 */
export function renderLocalReply(
  status: number,
  body: string | Uint8Array,
  grpc: number | 'mapped' | undefined,
  own: readonly string[] = [],
): RenderedReply {
  const bytes = Buffer.from(body);
  const headers = [...own];
  if (grpc !== undefined) {
    const code = grpc === 'mapped' ? (grpcStatusByHttp[status] ?? 2) : grpc;
    setHeader(headers, 'content-type', 'application/grpc');
    setHeader(headers, 'grpc-status', String(code));
    if (bytes.length > 0) setHeader(headers, 'grpc-message', encodeGrpcMessage(bytes));
    return { status: 200, headers, body: Buffer.alloc(0) };
  }
  // Whatever a route says: the client would take a body for the next answer (RFC 9112 6.3).
  if (bytes.length === 0 || status === 204 || status === 304) return { status, headers, body: Buffer.alloc(0) };
  setHeader(headers, 'content-length', String(bytes.length));
  if (getHeader(headers, 'content-type') === undefined) headers.push('content-type', 'text/plain');
  return { status, headers, body: bytes };
}

/** Percent-encoding of gRPC's HTTP/2 mapping: printable ASCII but `%` stays. */
function encodeGrpcMessage(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

let date = '';
let dateSecond = 0;

/** The `date` header; made once per second. */
export function currentDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = new Date(second * 1000).toUTCString();
  }
  return date;
}
