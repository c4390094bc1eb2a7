// Endpoints by name: asks DNS for their addresses, again and again, and keeps what it knew where DNS fails.

import { promises as dns } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { DnsConfig, Endpoint } from '../config/engine-config.ts';

export interface NameResolver {
  /** Addresses by name, as far as DNS has told. */
  readonly known: ReadonlyMap<string, readonly string[]>;
  /** Ends with no more calls. */
  close(): void;
}

export interface Resolved {
  readonly addresses: readonly string[];
  /** Seconds that the answer is good for; undefined where nothing says so. */
  readonly ttlSeconds: number | undefined;
}

/** Undefined: DNS failed, and what was known stays. An empty list: there is no such name. */
export type LookUp = (name: string, family: DnsConfig['family']) => Promise<Resolved | undefined>;

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

async function ask(name: string, family: 4 | 6): Promise<readonly Record[] | undefined> {
  try {
    return await (family === 4 ? dns.resolve4(name, { ttl: true }) : dns.resolve6(name, { ttl: true }));
  } catch (error) {
    return noName.has((error as NodeJS.ErrnoException).code ?? '') ? [] : undefined;
  }
}

export const lookUpName: LookUp = async (name, family) => {
  const listed = fromHostsFile(name, family);
  if (listed.length > 0) return { addresses: listed, ttlSeconds: undefined };
  // Envoy's AUTO: IPv6 where there is any, else IPv4.
  const first = family === 'auto' ? 6 : family;
  let records = await ask(name, first);
  if (family === 'auto' && (records === undefined || records.length === 0)) records = await ask(name, 4);
  return (
    records && {
      addresses: records.map(({ address }) => address),
      ttlSeconds: records.length === 0 ? undefined : Math.min(...records.map(({ ttl }) => ttl)),
    }
  );
};

/** An answer that is good for less is asked for again no sooner. */
const shortestMs = 1000;

/** Calls `onEndpoints` whenever the addresses behind the names have changed; `before` is what is known already. */
export function resolveNames(
  config: DnsConfig,
  onEndpoints: (endpoints: readonly Endpoint[]) => void,
  before: NameResolver['known'] = new Map(),
  lookUp: LookUp = lookUpName,
): NameResolver {
  const known = new Map(before);
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;
  let last = '';

  const publish = (): void => {
    const endpoints = config.targets.flatMap((target) => {
      const addresses = isIP(target.address) === 0 ? (known.get(target.address) ?? []) : [target.address];
      return (config.logical ? addresses.slice(0, 1) : addresses).map((address) => ({ ...target, address }));
    });
    const text = JSON.stringify(endpoints);
    if (text === last) return;
    last = text;
    onEndpoints(endpoints);
  };

  const resolve = async (name: string): Promise<void> => {
    const answer = await lookUp(name, config.family).catch(() => undefined);
    if (closed) return;
    // The order of an answer changes from one to the next; it means nothing here.
    if (answer) known.set(name, answer.addresses.toSorted());
    publish();
    const ttlMs = config.respectTtl && answer?.ttlSeconds !== undefined ? answer.ttlSeconds * 1000 : config.refreshMs;
    timers.set(name, setTimeout(() => void resolve(name), Math.max(shortestMs, ttlMs)).unref());
  };

  const names = new Set(config.targets.map(({ address }) => address).filter((address) => isIP(address) === 0));
  publish();
  for (const name of names) void resolve(name);
  return {
    known,
    close: () => {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
