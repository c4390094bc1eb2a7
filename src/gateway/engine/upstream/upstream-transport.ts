// What a connection of a cluster is to be like for one client: TLS with its SNI and names, and the PROXY header.
import { isIP } from 'node:net';
import type { ClusterConfig, NameMatcher, UpstreamTls } from '../config/engine-config.ts';
import type { UpstreamContexts } from '../tls/create-upstream-contexts.ts';

import { type ProxiedAddresses, proxyHeader } from './proxy-header.ts';
import type { UpstreamSecurity, UpstreamTransport } from './secure-upstream.ts';

/** What of a request decides which connections it may go over. */
export interface Client {
  /** Some clusters speak it too. */
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** As the host is told; some clusters ask for it in the SNI. */
  readonly authority: string;
  /** Of the client's connection: some hosts are told of it. */
  readonly addresses: ProxiedAddresses;
}

type TransportConfig = Pick<ClusterConfig, 'tls' | 'proxyProtocol' | 'connections'>;
type TransportClient = Pick<Client, 'addresses' | 'authority'>;

/** `a.example.com:8443` → `a.example.com`; brackets of an IPv6 address go too. */
const hostOf = (authority: string): string => {
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(authority);
  return bracketed?.[1] ?? authority.replace(/:\d+$/, '');
};

/** Equal for clients that may share connections. */
export function transportKey(config: TransportConfig, { addresses, authority }: TransportClient): string {
  const { autoSni, autoSanValidation } = config.connections;
  const name = config.tls !== undefined && (autoSni || autoSanValidation) ? hostOf(authority) : '';
  const proxied = config.proxyProtocol === undefined ? '' : `${addresses.source} ${addresses.destination}`;
  return `${name} ${proxied}`;
}

export function upstreamTransport(
  config: TransportConfig,
  client: TransportClient,
  contexts: UpstreamContexts,
  alpn: string | undefined,
): UpstreamTransport {
  const header =
    config.proxyProtocol === undefined ? {} : { proxyHeader: proxyHeader(config.proxyProtocol, client.addresses) };
  if (config.tls === undefined) return header;
  const context = contexts.contextOf(config.tls);
  if (context.kind === 'unavailable') return { ...header, unavailable: context.reason };
  const security = { secureContext: context.secureContext, ...identity(config.tls, config.connections, client, alpn) };
  return { ...header, security };
}

function identity(
  tls: UpstreamTls,
  { autoSni, autoSanValidation }: TransportConfig['connections'],
  { authority }: TransportClient,
  alpn: string | undefined,
): Omit<UpstreamSecurity, 'secureContext'> {
  const host = hostOf(authority);
  // An address is no name for SNI (RFC 6066 3).
  const sni = autoSni && isIP(host) === 0 ? host : tls.sni;
  return {
    sni,
    // Where none is configured, Envoy offers what is spoken.
    alpnProtocols: tls.alpnProtocols.length > 0 || alpn === undefined ? tls.alpnProtocols : [alpn],
    verifies: tls.roots !== undefined,
    names: autoSanValidation ? [exactName(host)] : tls.subjectAltNames,
  };
}

const exactName = (name: string): NameMatcher => ({
  text: `= ${name}`,
  matches: (value) => value === name,
  exact: name,
});
