// The directResponse of an http rule: unknown -> HttpDirectResponse. One that cannot be read leaves its rule without an action.
import { integerField, messageField, reportMissing, stringField } from './fields.ts';
import { type Message, reportInvalid } from './message.ts';
import type { HttpDirectResponse } from './virtual-service.ts';
import { bodyFields } from './virtual-service-fields.ts';

/** What Istio tells Envoy to take (`max_direct_response_body_size_bytes`). */
const MAX_BODY_BYTES = 1024 * 1024;

/** Envoy would send one all the same, and the client would take it for the next answer (RFC 9112 6.3). */
export const bodilessStatuses: ReadonlySet<number> = new Set([204, 304]);

const UNUSABLE = 'The rule cannot be used.';

export function parseDirectResponse(message: Message): HttpDirectResponse | undefined {
  const status = integerField(message, 'status', 200, 599);
  if (status === undefined) reportMissing(message, 'status', UNUSABLE, 'Write a status from 200 to 599.');
  const body = messageField(message, 'body', bodyFields, parseBody);
  if (status === undefined || message.broken.size > 0) return undefined;
  if (body !== undefined && bodilessStatuses.has(status)) {
    const what = `stands beside status ${status}, whose answers have no body`;
    reportInvalid(message.context, [...message.path, 'body'], what, 'It is left out.', 'Remove it.');
    return { status, body: undefined };
  }
  return { status, body };
}

function parseBody(message: Message): HttpDirectResponse['body'] {
  const text = stringField(message, 'string');
  const bytes = stringField(message, 'bytes');
  const refuse = (field: readonly string[], what: string, remedy: string): undefined => {
    reportInvalid(message.context, [...message.path, ...field], what, UNUSABLE, remedy);
    return undefined;
  };
  if (message.broken.size > 0) return undefined;
  if (text !== undefined && bytes !== undefined)
    return refuse([], 'has string and bytes together', 'Keep one of them.');
  if (bytes !== undefined && !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(bytes))
    return refuse(['bytes'], 'is not base64', 'Encode the bytes with `base64 -w0`, or use string.');
  const size = bytes === undefined ? Buffer.byteLength(text ?? '') : Buffer.from(bytes, 'base64').length;
  if (size > MAX_BODY_BYTES)
    return refuse([], `has ${size} bytes, more than ${MAX_BODY_BYTES}`, 'Serve it from an application.');
  return bytes === undefined ? { kind: 'string', value: text ?? '' } : { kind: 'bytes', base64: bytes };
}
