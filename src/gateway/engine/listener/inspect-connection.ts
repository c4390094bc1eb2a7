// The listener filters: what can be told of a connection before its filter chain is chosen.
import type { Socket } from 'node:net';
import type { ListenerConfig } from '../config/engine-config.ts';
import type { ConnectionTraits } from '../match/match-filter-chain.ts';
import { type ClientHello, maxClientHelloBytes, parseClientHello } from './parse-client-hello.ts';
import { peekSocket } from './peek-socket.ts';

export type Inspected =
  | { readonly kind: 'traits'; readonly traits: ConnectionTraits; readonly hello: ClientHello['kind'] }
  | { readonly kind: 'closed' };

const plain: ConnectionTraits = { serverName: undefined, transportProtocol: 'raw_buffer', applicationProtocols: [] };

/** A listener that serves no TLS decides at once: the first word may be the server's. */
export function inspectConnection(
  socket: Socket,
  listener: ListenerConfig,
  done: (inspected: Inspected) => void,
): void {
  if (!inspects(listener)) {
    done({ kind: 'traits', traits: plain, hello: 'not-tls' });
    return;
  }
  let hello: ClientHello = { kind: 'incomplete' };
  const enough = (bytes: Buffer): boolean => {
    hello = parseClientHello(bytes.length > maxClientHelloBytes ? bytes.subarray(0, maxClientHelloBytes) : bytes);
    return hello.kind !== 'incomplete';
  };
  peekSocket(socket, listener.listenerFiltersTimeoutMs, enough, (peeked) => {
    if (peeked.kind !== 'bytes') done({ kind: 'closed' });
    else done({ kind: 'traits', traits: traitsOf(hello), hello: hello.kind });
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
