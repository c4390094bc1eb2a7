// The listener filters: what can be told of a connection before its filter chain is chosen.
import type { Socket } from 'node:net';
import type { ListenerConfig } from '../config/engine-config.ts';
import type { ConnectionTraits } from '../match/match-filter-chain.ts';
import { type ClientHello, maxClientHelloBytes, parseClientHello } from './parse-client-hello.ts';
import { beginsProxyHeader, type ProxiedConnection, type ProxyHeader, parseProxyHeader } from './parse-proxy-header.ts';
import { type Peeked, peekSocket } from './peek-socket.ts';

export type Inspected =
  | {
      readonly kind: 'traits';
      readonly traits: ConnectionTraits;
      readonly hello: ClientHello['kind'];
      /** Who a PROXY header says that it is from. */
      readonly proxied: ProxiedConnection | undefined;
    }
  | { readonly kind: 'closed' };

const plain: ConnectionTraits = { serverName: undefined, transportProtocol: 'raw_buffer', applicationProtocols: [] };

/** A listener that serves no TLS and has no PROXY headers decides at once: the first word may be the server's. */
export function inspectConnection(
  socket: Socket,
  listener: ListenerConfig,
  done: (inspected: Inspected) => void,
): void {
  const deadline = performance.now() + listener.listenerFiltersTimeoutMs;
  if (listener.proxyProtocol === undefined) {
    inspectTls(socket, listener, listener.listenerFiltersTimeoutMs, undefined, done);
    return;
  }
  let header: ProxyHeader = { kind: 'incomplete' };
  const enough = (bytes: Buffer): boolean => {
    header = listener.proxyProtocol === 'optional' && !beginsProxyHeader(bytes) ? none : parseProxyHeader(bytes);
    return header.kind !== 'incomplete';
  };
  const finish = (peeked: Peeked): void => {
    // One timer for all filters; 0 is none.
    const leftMs = listener.listenerFiltersTimeoutMs && Math.max(1, deadline - performance.now());
    if (peeked.kind === 'bytes' && header.kind === 'header')
      inspectTls(socket, listener, leftMs, header.addresses, done);
    else done({ kind: 'closed' });
  };
  const consumed = (): number => (header.kind === 'header' ? header.length : 0);
  peekSocket(socket, listener.listenerFiltersTimeoutMs, enough, finish, consumed);
}

/** Where one may be missing: the connection is the client's own. */
const none: ProxyHeader = { kind: 'header', length: 0, addresses: undefined };

function inspectTls(
  socket: Socket,
  listener: ListenerConfig,
  timeoutMs: number,
  proxied: ProxiedConnection | undefined,
  done: (inspected: Inspected) => void,
): void {
  if (!inspects(listener)) {
    done({ kind: 'traits', traits: plain, hello: 'not-tls', proxied });
    return;
  }
  let hello: ClientHello = { kind: 'incomplete' };
  const enough = (bytes: Buffer): boolean => {
    hello = parseClientHello(bytes.length > maxClientHelloBytes ? bytes.subarray(0, maxClientHelloBytes) : bytes);
    return hello.kind !== 'incomplete';
  };
  peekSocket(socket, timeoutMs, enough, (peeked) => {
    if (peeked.kind !== 'bytes') done({ kind: 'closed' });
    else done({ kind: 'traits', traits: traitsOf(hello), hello: hello.kind, proxied });
  });
}

function traitsOf(hello: ClientHello): ConnectionTraits {
  if (hello.kind === 'not-tls') return plain;
  if (hello.kind !== 'hello') return { ...plain, transportProtocol: 'tls' };
  const { serverName, applicationProtocols } = hello;
  return { serverName, transportProtocol: 'tls', applicationProtocols };
}

function inspects(listener: ListenerConfig): boolean {
  return listener.tlsInspector || listener.filterChains.some((chain) => chain.tls !== undefined);
}
