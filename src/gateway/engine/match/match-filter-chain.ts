// Second step of a connection, after the listener has looked into the ClientHello: which filter chain serves it.
import type { FilterChainConfig, ListenerConfig } from '../config/engine-config.ts';

export interface ConnectionTraits {
  /** SNI, any case; undefined or '' where the client sent none. */
  readonly serverName: string | undefined;
  /** What the listener filters found: `tls` where a ClientHello was seen, else `raw_buffer`. */
  readonly transportProtocol: 'tls' | 'raw_buffer';
  /** ALPN as the client offered it, in its order; empty where there is none. */
  readonly applicationProtocols: readonly string[];
}

/**
 * Envoy's precedence: server name (exact, longest `*.suffix`, any), then transport protocol, then application protocols.
 * A step once taken is not taken back. Falls back to the listener's default chain; undefined is `filter_chain_not_found`.
 */
export function matchFilterChain(listener: ListenerConfig, traits: ConnectionTraits): FilterChainConfig | undefined {
  const index = indexOf(listener);
  return matchServerName(index, traits) ?? listener.defaultFilterChain;
}

/** By application protocol; '' is any. */
type ProtocolIndex = ReadonlyMap<string, FilterChainConfig>;
/** By transport protocol; '' is any. */
type TransportIndex = ReadonlyMap<string, ProtocolIndex>;

interface FilterChainIndex {
  /** Exact names; '' is any. */
  readonly exact: ReadonlyMap<string, TransportIndex>;
  /** `.example.com` for `*.example.com`. */
  readonly suffix: ReadonlyMap<string, TransportIndex>;
}

function matchServerName(index: FilterChainIndex, traits: ConnectionTraits): FilterChainConfig | undefined {
  const serverName = (traits.serverName ?? '').toLowerCase();
  const exact = serverName === '' ? undefined : index.exact.get(serverName);
  if (exact) return matchTransport(exact, traits);
  for (let dot = serverName.indexOf('.', 1); dot !== -1; dot = serverName.indexOf('.', dot + 1)) {
    const suffix = index.suffix.get(serverName.slice(dot));
    if (suffix) return matchTransport(suffix, traits);
  }
  const any = index.exact.get('');
  return any && matchTransport(any, traits);
}

function matchTransport(index: TransportIndex, traits: ConnectionTraits): FilterChainConfig | undefined {
  const protocols = index.get(traits.transportProtocol) ?? index.get('');
  if (!protocols) return undefined;
  for (const protocol of traits.applicationProtocols) {
    const chain = protocols.get(protocol);
    if (chain) return chain;
  }
  return protocols.get('');
}

type MutableIndex = Map<string, Map<string, Map<string, FilterChainConfig>>>;

function buildIndex(chains: readonly FilterChainConfig[]): FilterChainIndex {
  const exact: MutableIndex = new Map();
  const suffix: MutableIndex = new Map();
  for (const chain of chains) {
    const { serverNames, transportProtocol, applicationProtocols } = chain.match;
    for (const name of serverNames.length === 0 ? [''] : serverNames) {
      const wildcard = name.startsWith('*.');
      const transports = getOrAdd(wildcard ? suffix : exact, wildcard ? name.slice(1) : name, () => new Map());
      const protocols = getOrAdd(transports, transportProtocol, () => new Map());
      for (const protocol of applicationProtocols.length === 0 ? [''] : applicationProtocols) {
        // Envoy refuses two chains with the same criteria; should one come through, the first stays.
        if (!protocols.has(protocol)) protocols.set(protocol, chain);
      }
    }
  }
  return { exact, suffix };
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

// Listeners are immutable: an index lives as long as the listener it was made from.
const indexes = new WeakMap<ListenerConfig, FilterChainIndex>();

function indexOf(listener: ListenerConfig): FilterChainIndex {
  const known = indexes.get(listener);
  if (known) return known;
  const index = buildIndex(listener.filterChains);
  indexes.set(listener, index);
  return index;
}
