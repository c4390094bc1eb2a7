// One accepted connection from its first byte: filter chain, TLS, then HTTP or TCP; and how it is drained.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { DownstreamTls, FilterChainConfig, ListenerConfig } from '../config/engine-config.ts';
import { describeConnection } from '../http/describe-connection.ts';
import type { DownstreamConnection } from '../http/downstream-stream.ts';
import type { HttpServing } from '../http/http-serving.ts';
import { type ConnectionTraits, matchFilterChain } from '../match/match-filter-chain.ts';
import type { ListenerStatistics } from '../statistics/connection-statistics.ts';
import { proxyTcp } from '../tcp/proxy-tcp.ts';
import { acceptTls } from '../tls/accept-tls.ts';
import type { TlsContexts } from '../tls/create-tls-contexts.ts';
import { socketAddress } from '../upstream/connect-upstream.ts';
import { type CountedConnection, countConnection } from './count-connection.ts';
import { inspectConnection } from './inspect-connection.ts';
import type { ProxiedConnection } from './parse-proxy-header.ts';
import { type HttpConnections, type ServedConnection, serveHttpConnection } from './serve-http-connection.ts';

export interface ConnectionServing {
  readonly http: HttpServing;
  readonly httpConnections: HttpConnections;
  readonly tls: TlsContexts;
  readonly nextConnectionId: () => number;
}

export interface LiveConnection {
  /** The listener changed. False: the connection's filter chain is gone or serves differently, so that the connection is to drain. */
  follow(listener: ListenerConfig): boolean;
  /** HTTP: closes as soon as no request is in flight; with `idle` also when none ever was. TCP goes on to its own end. */
  drain(options: { readonly idle: boolean }): void;
  destroy(): void;
}

export function serveConnection(
  socket: Socket,
  accepted: ListenerConfig,
  statistics: ListenerStatistics,
  serving: ConnectionServing,
): LiveConnection {
  const startedAt = performance.now();
  const id = serving.nextConnectionId();
  let listener = accepted;
  let chain: FilterChainConfig | undefined;
  /** What serves requests: the chain's, or that of the chain that took its place. */
  let network: FilterChainConfig['network'] | undefined;
  let traits: ConnectionTraits | undefined;
  let proxied: ProxiedConnection | undefined;
  let counting: CountedConnection | undefined;
  let served: ServedConnection | undefined;
  let drain: { readonly idle: boolean } | undefined;

  // Every way a connection can break ends in `close`; nothing is to be said about how.
  socket.on('error', () => {});
  socket.setNoDelay(true);
  const describe = (requestedServerName: string | undefined, secure: TLSSocket | undefined): DownstreamConnection => ({
    id,
    remoteAddress: proxied?.source ?? socketAddress(socket.remoteAddress, socket.remotePort),
    directRemoteAddress: socketAddress(socket.remoteAddress, socket.remotePort),
    localAddress: proxied?.destination ?? socketAddress(socket.localAddress, socket.localPort),
    remoteIp: proxied === undefined ? unmapped(socket.remoteAddress ?? '') : hostOf(proxied.source),
    tls: secure && describeTls(secure, chain?.tls?.clientCertificate ?? 'none'),
    requestedServerName,
    filterChainName: chain?.name || undefined,
  });

  const serve = (stream: Socket, serverName: string | undefined, secure: TLSSocket | undefined): void => {
    if (!network) return;
    const connection = describe(serverName, secure);
    if (network.kind === 'tcp') {
      proxyTcp(stream, connection, network, serving.http);
      return;
    }
    if (!counting) return;
    served = serveHttpConnection(stream, connection, network, { ...serving, statistics, counting });
    if (drain) served.drain(drain);
  };

  inspectConnection(socket, accepted, (inspected) => {
    if (inspected.kind === 'closed') {
      socket.destroy();
      return;
    }
    const { hello, traits: found } = inspected;
    proxied = inspected.proxied;
    traits = found;
    chain = matchFilterChain(listener, found);
    network = chain?.network;
    if (!chain) {
      statistics.counters.no_filter_chain_match++;
      const connection = describe(found.serverName, undefined);
      socket.destroy();
      if (listener.accessLogs.length > 0)
        serving.http.log(listener.accessLogs, {
          ...describeConnection(connection, startedAt),
          responseFlags: ['NR'],
          responseCodeDetails: 'filter_chain_not_found',
        });
      return;
    }
    countAccepted(socket, startedAt, statistics);
    if (chain.network.kind === 'tcp')
      serving.http.statistics.tcp(chain.network.statPrefix).counters.downstream_cx_total++;
    else
      counting = countConnection(socket, serving.http.statistics.http(chain.network.statPrefix), {
        isSecure: chain.tls !== undefined,
        isBusy: () => served?.isBusy() ?? false,
      });
    if (!chain.tls) serve(socket, found.serverName, undefined);
    else if (hello !== 'hello') socket.destroy();
    else
      acceptTls(socket, {
        chain,
        contexts: serving.tls,
        statistics,
        offeredProtocols: found.applicationProtocols,
        onSecure: (secure) => serve(secure, found.serverName, secure),
      });
  });

  return {
    follow: (next) => {
      listener = next;
      if (!chain || !traits) return true;
      const now = matchFilterChain(next, traits);
      if (now && fingerprint(now) === fingerprint(chain)) return true;
      // Until it has drained, what it asks for is answered as on a new connection: the old routes may be gone.
      if (now?.network.kind === 'http' && network?.kind === 'http') {
        network = now.network;
        served?.adopt(now.network);
      }
      return false;
    },
    drain: (options) => {
      drain = options;
      served?.drain(options);
    },
    destroy: () => socket.destroy(),
  };
}

/** As Envoy: once there is a filter chain for it. */
function countAccepted(socket: Socket, startedAt: number, statistics: ListenerStatistics): void {
  const { counters, gauges, connectionMs } = statistics;
  counters.downstream_cx_total++;
  gauges.downstream_cx_active++;
  socket.once('close', () => {
    counters.downstream_cx_destroy++;
    gauges.downstream_cx_active--;
    connectionMs.record(performance.now() - startedAt);
  });
}

function describeTls(
  secure: TLSSocket,
  clientCertificate: DownstreamTls['clientCertificate'],
): NonNullable<DownstreamConnection['tls']> {
  const tls = { version: secure.getProtocol() ?? '', cipher: secure.getCipher().name };
  if (clientCertificate === 'none') return tls;
  return { ...tls, peer: secure.getPeerX509Certificate(), own: secure.getX509Certificate() };
}

/** `[::1]:80` → `::1`. */
const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

/** A dual-stack socket shows IPv4 peers as `::ffff:10.0.0.1`. */
function unmapped(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

// Thousands of connections share few filter chains.
const fingerprints = new WeakMap<FilterChainConfig, string>();

/** Equal for filter chains that serve the same way. */
function fingerprint(chain: FilterChainConfig): string {
  const known = fingerprints.get(chain) ?? JSON.stringify(chain);
  fingerprints.set(chain, known);
  return known;
}
