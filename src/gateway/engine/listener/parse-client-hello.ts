// Reads SNI and ALPN out of a TLS ClientHello before anything answers it: the choice of filter chain depends on them.

export type ClientHello =
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  /** The first bytes are no TLS handshake: plain text, or something else. */
  | { readonly kind: 'not-tls' }
  /** A TLS record that holds no ClientHello that can be read. */
  | { readonly kind: 'malformed' }
  | {
      readonly kind: 'hello';
      /** Lower case; undefined where the client sent none. */
      readonly serverName: string | undefined;
      readonly applicationProtocols: readonly string[];
    };

/** As Envoy's limit: no client needs more. */
export const maxClientHelloBytes = 16 * 1024;

const recordHeaderBytes = 5;
const handshakeRecord = 22;
const clientHelloMessage = 1;
const serverNameExtension = 0;
const alpnExtension = 16;

const incomplete: ClientHello = { kind: 'incomplete' };
const malformed: ClientHello = { kind: 'malformed' };

/** `bytes` is what the connection began with; the message may be spread over several records. */
export function parseClientHello(bytes: Buffer): ClientHello {
  // Envoy looks at whole record headers: what is shorter may wait until the connection is given up.
  if (bytes.length < recordHeaderBytes && bytes[0] !== handshakeRecord) return incomplete;
  if (bytes[0] !== handshakeRecord || (bytes.length > 1 && bytes[1] !== 3)) return { kind: 'not-tls' };
  const message = joinRecords(bytes);
  if (message === undefined) return malformed;
  if (message.length >= 1 && message[0] !== clientHelloMessage) return malformed;
  if (message.length < 4) return outOf(bytes);
  const length = message.readUIntBE(1, 3);
  if (length > maxClientHelloBytes) return malformed;
  if (message.length < 4 + length) return outOf(bytes);
  return parseBody(message.subarray(4, 4 + length));
}

/** Either more can still come, or the limit is reached. */
function outOf(bytes: Buffer): ClientHello {
  return bytes.length >= maxClientHelloBytes ? malformed : incomplete;
}

/** Strips the record headers. Undefined: one of them is not a handshake record. */
function joinRecords(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + 5 <= bytes.length) {
    if (bytes[at] !== handshakeRecord || bytes[at + 1] !== 3) {
      // What follows a complete message is none of our business.
      if (parts.length > 0) break;
      return undefined;
    }
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > 16384 + 2048) return undefined;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

/** Never reads past the end: every length is checked against what is there. */
function parseBody(body: Buffer): ClientHello {
  // Legacy version and random.
  let at = 34;
  const skipVector = (lengthBytes: 1 | 2): boolean => {
    if (at + lengthBytes > body.length) return false;
    at += lengthBytes + body.readUIntBE(at, lengthBytes);
    return at <= body.length;
  };
  // Session id, cipher suites, compression methods.
  if (!skipVector(1) || !skipVector(2) || !skipVector(1)) return malformed;
  let serverName: string | undefined;
  let applicationProtocols: readonly string[] = [];
  // TLS 1.2 clients may send no extensions at all.
  if (at === body.length) return { kind: 'hello', serverName, applicationProtocols };
  if (at + 2 > body.length || at + 2 + body.readUInt16BE(at) !== body.length) return malformed;
  at += 2;
  while (at < body.length) {
    if (at + 4 > body.length) return malformed;
    const type = body.readUInt16BE(at);
    const end = at + 4 + body.readUInt16BE(at + 2);
    if (end > body.length) return malformed;
    const data = body.subarray(at + 4, end);
    if (type === serverNameExtension) {
      const name = parseServerName(data);
      if (name === undefined) return malformed;
      serverName = name === '' ? undefined : name;
    } else if (type === alpnExtension) {
      const protocols = parseProtocols(data);
      if (protocols === undefined) return malformed;
      applicationProtocols = protocols;
    }
    at = end;
  }
  return { kind: 'hello', serverName, applicationProtocols };
}

/** The host name of the list (RFC 6066 3); '' where it has none. */
function parseServerName(data: Buffer): string | undefined {
  if (data.length < 2 || data.readUInt16BE(0) !== data.length - 2) return undefined;
  let at = 2;
  while (at < data.length) {
    if (at + 3 > data.length) return undefined;
    const end = at + 3 + data.readUInt16BE(at + 1);
    if (end > data.length) return undefined;
    if (data[at] === 0) {
      const name = data.toString('latin1', at + 3, end);
      return /^[\x21-\x7e]+$/.test(name) ? name.toLowerCase() : undefined;
    }
    at = end;
  }
  return '';
}

/** RFC 7301 3.1. */
function parseProtocols(data: Buffer): readonly string[] | undefined {
  if (data.length < 2 || data.readUInt16BE(0) !== data.length - 2) return undefined;
  const protocols: string[] = [];
  let at = 2;
  while (at < data.length) {
    const end = at + 1 + (data[at] ?? 0);
    if (end === at + 1 || end > data.length) return undefined;
    protocols.push(data.toString('latin1', at + 1, end));
    at = end;
  }
  return protocols;
}
