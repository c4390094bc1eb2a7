// Asks DNS for the addresses of one name, after the hosts file.
import { promises } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { DnsConfig } from '../config/engine-config.ts';

const { Resolver } = promises;
type Resolver = InstanceType<typeof Resolver>;

export interface Resolved {
  /** Undefined: DNS failed, and what was known stays. Empty: there is no such name. */
  readonly addresses: readonly string[] | undefined;
  /** Seconds that the answer is good for; undefined where nothing says so. */
  readonly ttlSeconds: number | undefined;
  /** Node's, where there is no address. */
  readonly code?: string;
}

export type LookUp = (name: string, family: DnsConfig['family']) => Promise<Resolved>;

const noName = new Set(['ENOTFOUND', 'ENODATA', 'NXDOMAIN']);

/** The hosts file first, as resolvers do. */
function fromHostsFile(name: string, family: DnsConfig['family']): readonly string[] {
  try {
    return readFileSync('/etc/hosts', 'utf8')
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
      .filter(([, ...names]) => names.some((one) => one.toLowerCase() === name))
      .flatMap(([address = '']) => (isOf(family, address) ? [address] : []));
  } catch {
    return [];
  }
}

const isOf = (family: DnsConfig['family'], address: string): boolean =>
  isIP(address) !== 0 && (family === 'auto' || isIP(address) === family);

interface Record {
  readonly address: string;
  readonly ttl: number;
}

/** A code where there are none. */
type Ask = (name: string, family: 4 | 6) => Promise<readonly Record[] | string>;

const askWith =
  (resolver: Resolver): Ask =>
  async (name, family) => {
    try {
      return await (family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true }));
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? '';
    }
  };

/** IP address and port. */
export interface DnsServer {
  readonly host: string;
  readonly port: number;
}

/** `servers`: asked in place of the machine's own; none is these. */
export function createLookUp(servers: readonly DnsServer[]): LookUp {
  const resolver = new Resolver();
  if (servers.length > 0)
    resolver.setServers(servers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`));
  const ask = askWith(resolver);
  return (name, family) => lookUpName(name, family, ask);
}

async function lookUpName(name: string, family: DnsConfig['family'], ask: Ask): Promise<Resolved> {
  const listed = fromHostsFile(name, family);
  if (listed.length > 0) return { addresses: listed, ttlSeconds: undefined };
  // Envoy's AUTO: IPv6 where there is any, else IPv4.
  const first = family === 'auto' ? 6 : family;
  let records = await ask(name, first);
  if (family === 'auto' && (typeof records === 'string' || records.length === 0)) records = await ask(name, 4);
  if (typeof records === 'string')
    return { addresses: noName.has(records) ? [] : undefined, ttlSeconds: undefined, code: records };
  return {
    addresses: records.map(({ address }) => address),
    ttlSeconds: records.length === 0 ? undefined : Math.min(...records.map(({ ttl }) => ttl)),
  };
}
