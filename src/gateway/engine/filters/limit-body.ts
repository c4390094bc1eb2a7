// Envoy's buffer filter: holds a request back until its body is there, and refuses one whose body is too long.
import type { Exchange, LocalReply } from '../http/exchange.ts';
import { getHeader, setHeader, withoutHeaders } from '../http/header-list.ts';
import { holdRequest } from './hold-request.ts';

/** Of both filters that hold bodies. */
export const payloadTooLarge: LocalReply = {
  status: 413,
  body: 'Payload Too Large',
  details: 'request_payload_too_large',
  close: true,
};

export function limitBody(exchange: Exchange, maxRequestBytes: number, next: () => void): void {
  const { stream } = exchange;
  if (!stream.hasBody) {
    next();
    return;
  }
  let isDone = false;
  const check = (): void => {
    if (isDone) return;
    if (held.bytes > maxRequestBytes) {
      isDone = true;
      exchange.sendLocalReply(payloadTooLarge);
    } else if (held.ended) {
      isDone = true;
      exchange.headers = withLength(exchange, held.bytes);
      held.release(next);
    }
  };
  const held = holdRequest(exchange, {
    wantedBytes: maxRequestBytes,
    onProgress: check,
    onAbort: () => {
      isDone = true;
    },
  });
  check();
}

const transferEncoding: ReadonlySet<string> = new Set(['transfer-encoding']);

/** All of it is there: endpoints are told how long it is. */
function withLength({ headers }: Exchange, bytes: number): Exchange['headers'] {
  const framed = withoutHeaders(headers, transferEncoding);
  if (getHeader(framed, 'content-length') === undefined) setHeader(framed, 'content-length', String(bytes));
  return framed;
}
