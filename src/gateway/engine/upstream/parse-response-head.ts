// Reads the head of an HTTP/1.1 answer: status line and headers, and how long its body is. Strict where a mistake could split answers.
import { type HeaderCase, headerCaseOf } from '../http/header-case.ts';
import type { HeaderList } from '../http/header-list.ts';

export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' }
  /** After 101, and where CONNECT succeeded: another protocol, until either side closes. */
  | { readonly kind: 'tunnel' };

export interface ResponseHead {
  readonly status: number;
  /** Without transfer-encoding and connection's own headers: those end with this hop, unless it changes protocols. */
  readonly headers: HeaderList;
  readonly framing: BodyFraming;
  /** The endpoint lets the connection be used again. */
  readonly keepAlive: boolean;
  /** Seconds the endpoint says it keeps an idle connection (`keep-alive: timeout=5`). */
  readonly keepAliveSeconds: number | undefined;
  /** Where it was asked for. */
  readonly headerCase?: HeaderCase;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\0\r\n]*)?$/;
// Control characters other than tab cannot be in a value.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const forbiddenInValue = /[\0-\x08\x0a-\x1f\x7f]/;

/** Lines as received, without their line ends. Undefined: not a valid answer. */
export function parseHeaderLines(lines: readonly string[], from: number): HeaderList | undefined {
  const headers: HeaderList = [];
  for (let i = from; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const colon = line.indexOf(':');
    if (colon <= 0) return undefined;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (!token.test(name) || forbiddenInValue.test(value)) return undefined;
    headers.push(name.toLowerCase(), value);
  }
  return headers;
}

/** `head` is everything before the empty line, latin1. Undefined: not a valid answer. */
export function parseResponseHead(head: string, method: string, keepsHeaderCase = false): ResponseHead | undefined {
  const lines = head.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line.endsWith('\r')) lines[i] = line.slice(0, -1);
  }
  const match = statusLine.exec(lines[0] ?? '');
  const received = parseHeaderLines(lines, 1);
  if (!match || !received) return undefined;
  const interpreted = interpretHead(Number(match[2]), match[1] === '1', received, method);
  if (interpreted === undefined || !keepsHeaderCase) return interpreted;
  const written = lines.slice(1).flatMap((line) => [line.slice(0, line.indexOf(':')), '']);
  return { ...interpreted, headerCase: headerCaseOf(written) };
}

function interpretHead(
  status: number,
  http11: boolean,
  received: HeaderList,
  method: string,
): ResponseHead | undefined {
  const headers: HeaderList = [];
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let connection = '';
  let keepAliveHint = '';
  for (let i = 0; i < received.length; i += 2) {
    const name = received[i] ?? '';
    const value = received[i + 1] ?? '';
    switch (name) {
      case 'content-length':
        // Envoy refuses a repeated one, even with equal values.
        if (contentLength !== undefined || !/^\d{1,15}$/.test(value)) return undefined;
        contentLength = value;
        headers.push(name, value);
        break;
      case 'transfer-encoding':
        transferEncoding = transferEncoding === undefined ? value : `${transferEncoding},${value}`;
        break;
      case 'connection':
        connection += `,${value.toLowerCase()}`;
        if (status === 101) headers.push(name, value);
        break;
      case 'keep-alive':
        keepAliveHint = value;
        break;
      case 'proxy-connection':
        break;
      default:
        headers.push(name, value);
    }
  }
  // RFC 9110 9.3.6: what such an answer says of a body is ignored.
  const isTunnel = status === 101 || (method === 'CONNECT' && status >= 200 && status < 300);
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  const framing: BodyFraming | undefined = isTunnel
    ? { kind: 'tunnel' }
    : frameBody(bodiless, contentLength, transferEncoding);
  if (!framing) return undefined;
  const tokens = connection.split(',').map((part) => part.trim());
  const keepAlive =
    framing.kind !== 'close' &&
    framing.kind !== 'tunnel' &&
    (http11 ? !tokens.includes('close') : tokens.includes('keep-alive'));
  const seconds = /(?:^|[\s,])timeout=(\d{1,6})/i.exec(keepAliveHint)?.[1];
  return { status, headers, framing, keepAlive, keepAliveSeconds: seconds === undefined ? undefined : Number(seconds) };
}

function frameBody(
  bodiless: boolean,
  contentLength: string | undefined,
  transferEncoding: string | undefined,
): BodyFraming | undefined {
  if (transferEncoding !== undefined) {
    // Both at once is how answers are smuggled; any coding but chunked is one we cannot pass on.
    if (contentLength !== undefined || transferEncoding.toLowerCase() !== 'chunked') return undefined;
    return bodiless ? { kind: 'none' } : { kind: 'chunked' };
  }
  if (bodiless) return { kind: 'none' };
  if (contentLength === undefined) return { kind: 'close' };
  return contentLength === '0' ? { kind: 'none' } : { kind: 'length', length: Number(contentLength) };
}
