// Third step of a request: which virtual host of the route table its authority belongs to.
import type { RouteTable, VirtualHost } from '../config/engine-config.ts';

/**
 * Envoy's precedence: exact, longest `*.suffix`, longest `prefix.*`, `*`. Case does not count; the port does, unless the
 * table ignores it. A request without authority belongs to `*` only where the table has nothing else.
 */
export function matchVirtualHost(table: RouteTable, authority: string | undefined): VirtualHost | undefined {
  const index = indexOf(table);
  if (authority === undefined) return index.onlyAny ? index.any : undefined;
  const host = (table.ignorePortInHostMatching ? stripPort(authority) : authority).toLowerCase();
  return index.exact.get(host) ?? matchSuffix(index.suffix, host) ?? matchPrefix(index.prefix, host) ?? index.any;
}

/** What follows the last colon is the port, numeric or not, unless the colon is inside the brackets of an IPv6 address. */
export function stripPort(authority: string): string {
  const colon = authority.lastIndexOf(':');
  return colon === -1 || colon < authority.lastIndexOf(']') ? authority : authority.slice(0, colon);
}

/** Keys are the literal parts (`.example.com`, `example.`), grouped by length, so that a lookup costs one map access per length in use. */
interface AffixIndex {
  /** Longest first. */
  readonly lengths: readonly number[];
  readonly hosts: ReadonlyMap<string, VirtualHost>;
}

interface VirtualHostIndex {
  readonly exact: ReadonlyMap<string, VirtualHost>;
  readonly suffix: AffixIndex;
  readonly prefix: AffixIndex;
  readonly any: VirtualHost | undefined;
  readonly onlyAny: boolean;
}

function matchSuffix(index: AffixIndex, host: string): VirtualHost | undefined {
  for (const length of index.lengths) {
    // The wildcard stands for at least one character.
    if (length >= host.length) continue;
    const found = index.hosts.get(host.slice(host.length - length));
    if (found) return found;
  }
  return undefined;
}

function matchPrefix(index: AffixIndex, host: string): VirtualHost | undefined {
  for (const length of index.lengths) {
    if (length >= host.length) continue;
    const found = index.hosts.get(host.slice(0, length));
    if (found) return found;
  }
  return undefined;
}

function affixIndex(hosts: ReadonlyMap<string, VirtualHost>): AffixIndex {
  const lengths = [...new Set([...hosts.keys()].map((key) => key.length))].sort((a, b) => b - a);
  return { lengths, hosts };
}

function buildIndex(table: RouteTable): VirtualHostIndex {
  const exact = new Map<string, VirtualHost>();
  const suffix = new Map<string, VirtualHost>();
  const prefix = new Map<string, VirtualHost>();
  let any: VirtualHost | undefined;
  for (const host of table.virtualHosts) {
    for (const domain of host.domains) {
      if (domain === '*') any ??= host;
      else if (domain.startsWith('*')) add(suffix, domain.slice(1), host);
      else if (domain.endsWith('*')) add(prefix, domain.slice(0, -1), host);
      else add(exact, domain, host);
    }
  }
  const onlyAny = exact.size + suffix.size + prefix.size === 0;
  return { exact, suffix: affixIndex(suffix), prefix: affixIndex(prefix), any, onlyAny };
}

function add(map: Map<string, VirtualHost>, key: string, host: VirtualHost): void {
  if (!map.has(key)) map.set(key, host);
}

// Tables are immutable: an index lives as long as the table it was made from.
const indexes = new WeakMap<RouteTable, VirtualHostIndex>();

function indexOf(table: RouteTable): VirtualHostIndex {
  const known = indexes.get(table);
  if (known) return known;
  const index = buildIndex(table);
  indexes.set(table, index);
  return index;
}
