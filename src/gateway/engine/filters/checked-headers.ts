// The headers of a request as a service is told them that decides about it.
import type { ExtAuthz } from '../config/engine-config.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Client } from '../upstream/upstream-transport.ts';
import type { CheckedBody } from './authorization.ts';

/** Says whether the body is there as a whole; what a client says of it does not count. */
export const partialBody = 'x-envoy-auth-partial-body';

/** By name, pseudo headers among them; repeated ones joined with a comma. */
export function checkedHeaders(
  exchange: Exchange,
  { sends }: Pick<ExtAuthz, 'sends'>,
  body: CheckedBody | undefined,
): ReadonlyMap<string, string> {
  const sent = new Map<string, string>();
  const add = (name: string, value: string): void => {
    if (name === partialBody || !sends(name)) return;
    const before = sent.get(name);
    sent.set(name, before === undefined ? value : `${before},${value}`);
  };
  add(':authority', exchange.authority);
  add(':path', exchange.path);
  add(':method', exchange.method);
  add(':scheme', exchange.scheme);
  const { headers } = exchange;
  for (let i = 0; i < headers.length; i += 2) add(headers[i] ?? '', headers[i + 1] ?? '');
  if (body !== undefined) sent.set(partialBody, String(body.isPartial));
  return sent;
}

/** Bytes that are no UTF-8 are shown as `!`, each of them, as in Envoy. */
export function sanitizeUtf8(bytes: Buffer): Buffer {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd') || Buffer.from(text).equals(bytes)) return bytes;
  const clean = Buffer.from(bytes);
  for (let at = 0; at < clean.length; ) {
    const length = characterLength(clean, at);
    if (length === 0) clean[at] = 0x21;
    at += Math.max(length, 1);
  }
  return clean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes of the character that begins here; 0: none does. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  try {
    utf8.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

/** What decides over which connections the service is asked: they are the gateway's own. */
export const checkClient = ({ connection, info }: Exchange, authority: string): Client => ({
  protocol: 'HTTP/1.1',
  authority,
  addresses: { source: info.clientAddress ?? connection.remoteAddress, destination: connection.localAddress },
});
