// The PROXY header of a connection to a host (https://www.haproxy.org/download/2.1/doc/proxy-protocol.txt): who the client is.
import { isIPv6 } from 'node:net';

/** `address:port` each, IPv6 in brackets. */
export interface ProxiedAddresses {
  readonly source: string;
  readonly destination: string;
}

interface Address {
  readonly ip: string;
  readonly port: number;
}

function parse(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { ip: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)) };
}

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);

export function proxyHeader(version: 'V1' | 'V2', { source, destination }: ProxiedAddresses): Buffer {
  const [from, to] = [parse(source), parse(destination)];
  const v6 = isIPv6(from.ip) || isIPv6(to.ip);
  if (version === 'V1')
    return Buffer.from(`PROXY TCP${v6 ? 6 : 4} ${from.ip} ${to.ip} ${from.port} ${to.port}\r\n`, 'latin1');
  const addresses = Buffer.concat([
    addressBytes(from.ip, v6),
    addressBytes(to.ip, v6),
    uint16(from.port),
    uint16(to.port),
  ]);
  // Version 2, command PROXY; the family, over a stream.
  return Buffer.concat([signature, Buffer.from([0x21, v6 ? 0x21 : 0x11]), uint16(addresses.length), addresses]);
}

const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

function addressBytes(ip: string, v6: boolean): Buffer {
  if (!v6) return Buffer.from(ip.split('.').map(Number));
  if (!isIPv6(ip)) return Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), addressBytes(ip, false)]);
  const [head = '', tail] = ip.split('%')[0]?.split('::') ?? [];
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const middle = tail === undefined ? [] : new Array<number>(8 - first.length - last.length).fill(0);
  return Buffer.concat([...first, ...middle, ...last].map(uint16));
}
