// The PROXY header in front of a client's bytes (https://www.haproxy.org/download/2.1/doc/proxy-protocol.txt): who is behind the proxy.
import { isIPv4, isIPv6 } from 'node:net';

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  /** None, or one that cannot be read: nobody knows whose the connection is. */
  | { readonly kind: 'invalid' }
  | {
      readonly kind: 'header';
      /** Bytes of it. */
      readonly length: number;
      /** `address:port` each; undefined: the connection is the proxy's own, or it does not know. */
      readonly addresses: ProxiedConnection | undefined;
    };

export interface ProxiedConnection {
  readonly source: string;
  readonly destination: string;
}

const signatureV1 = Buffer.from('PROXY ', 'latin1');
const signatureV2 = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const longestV1 = 107;
const headV2 = 16;

/** Whether these first bytes may be those of a header, however few they are. */
export const beginsProxyHeader = (bytes: Buffer): boolean =>
  [signatureV1, signatureV2].some((signature) => {
    const length = Math.min(bytes.length, signature.length);
    return bytes.subarray(0, length).equals(signature.subarray(0, length));
  });

export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  // As Envoy: before so many bytes nothing is decided, not even that they are something else.
  if (bytes.length < signatureV1.length) return { kind: 'incomplete' };
  if (bytes.subarray(0, signatureV1.length).equals(signatureV1)) return parseV1(bytes);
  const length = Math.min(bytes.length, signatureV2.length);
  if (!bytes.subarray(0, length).equals(signatureV2.subarray(0, length))) return { kind: 'invalid' };
  return parseV2(bytes);
}

const port = /^(?:0|[1-9]\d{0,4})$/;

function parseV1(bytes: Buffer): ProxyHeader {
  const end = bytes.indexOf('\r\n');
  if (end < 0) return bytes.length < longestV1 ? { kind: 'incomplete' } : { kind: 'invalid' };
  if (end + 2 > longestV1) return { kind: 'invalid' };
  const length = end + 2;
  const [protocol, from = '', to = '', fromPort = '', toPort = '', ...rest] = bytes
    .toString('latin1', signatureV1.length, end)
    .split(' ');
  if (protocol === 'UNKNOWN') return { kind: 'header', length, addresses: undefined };
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isIPv6 : () => false;
  const ports = [fromPort, toPort];
  const usable = ports.every((text) => port.test(text) && Number(text) <= 65_535);
  if (rest.length > 0 || !usable || !isAddress(from) || !isAddress(to)) return { kind: 'invalid' };
  return {
    kind: 'header',
    length,
    addresses: { source: format(from, Number(fromPort)), destination: format(to, Number(toPort)) },
  };
}

const format = (address: string, number: number): string =>
  address.includes(':') ? `[${address}]:${number}` : `${address}:${number}`;

function parseV2(bytes: Buffer): ProxyHeader {
  if (bytes.length < headV2) return { kind: 'incomplete' };
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = headV2 + bytes.readUInt16BE(14);
  if (command !== 0x20 && command !== 0x21) return { kind: 'invalid' };
  if (bytes.length < length) return { kind: 'incomplete' };
  // LOCAL is the proxy's own connection, a health check mostly; UNSPEC says nothing.
  if (command === 0x20 || family === 0x00) return { kind: 'header', length, addresses: undefined };
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : undefined;
  if (size === undefined || length < headV2 + 2 * size + 4) return { kind: 'invalid' };
  const addressAt = (offset: number): string => {
    const part = bytes.subarray(offset, offset + size);
    return size === 4 ? part.join('.') : ipv6(part);
  };
  const ports = headV2 + 2 * size;
  return {
    kind: 'header',
    length,
    addresses: {
      source: format(addressAt(headV2), bytes.readUInt16BE(ports)),
      destination: format(addressAt(headV2 + size), bytes.readUInt16BE(ports + 2)),
    },
  };
}

/** In the one form of RFC 5952, which a URL's host has. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
