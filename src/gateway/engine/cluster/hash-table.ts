// Consistent hashing: the tables in which the hash of a request finds its host, built entry by entry as Envoy builds them.
import type { Host } from './host-picker.ts';
import { xxHash64 } from './xx-hash.ts';

export interface WeightedHost {
  readonly host: Host;
  /** Of all weights together, which are 1. */
  readonly share: number;
}

/** `attempt` counts from 0; a later one leads elsewhere. Undefined only where there are no hosts. */
export type FindHost = (hash: bigint, attempt: number) => Host | undefined;

const nowhere: FindHost = () => undefined;

/** Ketama (source/extensions/load_balancing_policies/ring_hash): the host whose next point on the ring follows the hash. */
export function createHashRing(hosts: readonly WeightedHost[], minimumSize: number, maximumSize: number): FindHost {
  if (hosts.length === 0) return nowhere;
  const smallest = hosts.reduce((least, { share }) => Math.min(least, share), 1);
  // The least-weighted host gets a whole number of points.
  const scale = Math.min(Math.ceil(smallest * minimumSize) / smallest, maximumSize);
  const points: { readonly hash: bigint; readonly host: Host }[] = [];
  let target = 0;
  for (const { host, share } of hosts) {
    target += scale * share;
    for (let i = 0; points.length < target; i++) points.push({ hash: xxHash64(`${host.key}_${i}`), host });
  }
  points.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  const hashes = BigUint64Array.from(points, ({ hash }) => hash);
  return (hash, attempt) => {
    const first = lowerBound(hashes, hash) % points.length;
    return points[(first + attempt) % points.length]?.host;
  };
}

/** Index of the first that is not below. */
function lowerBound(sorted: BigUint64Array, value: bigint): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0n) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

const allBits = 0xffff_ffff_ffff_ffffn;

/** Maglev (source/extensions/load_balancing_policies/maglev): hosts take places of the table in turn, each in an order of its own. */
export function createMaglevTable(hosts: readonly WeightedHost[], tableSize: number): FindHost {
  if (hosts.length === 0) return nowhere;
  const largest = hosts.reduce((most, { share }) => Math.max(most, share), 0);
  const size = BigInt(tableSize);
  const builders = hosts.map(({ host, share }) => ({
    host,
    share,
    offset: Number(xxHash64(host.key) % size),
    skip: Number(xxHash64(host.key, 1n) % (size - 1n)) + 1,
    next: 0,
    target: 0,
  }));
  const table = new Array<Host | undefined>(tableSize);
  let filled = 0;
  for (let iteration = 1; filled < tableSize; iteration++)
    for (const builder of builders) {
      if (filled === tableSize) break;
      // One of half the largest weight takes a place every other time.
      if (iteration * builder.share < builder.target) continue;
      builder.target += largest;
      let place = (builder.offset + builder.skip * builder.next) % tableSize;
      while (table[place] !== undefined) {
        builder.next++;
        place = (builder.offset + builder.skip * builder.next) % tableSize;
      }
      table[place] = builder.host;
      builder.next++;
      filled++;
    }
  return (hash, attempt) => {
    const other = attempt === 0 ? hash : hash ^ (allBits - BigInt(attempt) + 1n);
    return table[Number(other % size)];
  };
}
