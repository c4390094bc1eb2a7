// The TLS handshake of one connection with the certificate of its filter chain.
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { FilterChainConfig } from '../config/engine-config.ts';
import type { TlsContexts } from './create-tls-contexts.ts';

export interface AcceptTlsOptions {
  readonly chain: FilterChainConfig;
  readonly contexts: TlsContexts;
  /** As the ClientHello has it. */
  readonly offeredProtocols: readonly string[];
  readonly onSecure: (socket: tls.TLSSocket) => void;
}

/** Closes the connection if the handshake fails, takes too long, or there is no certificate for it. */
export function acceptTls(socket: Socket, { chain, contexts, offeredProtocols, onSecure }: AcceptTlsOptions): void {
  const config = chain.tls;
  const context = config && contexts.contextOf(config);
  if (!config || context?.kind !== 'ready') {
    socket.destroy();
    return;
  }
  // Without a protocol in common Envoy goes on without ALPN; OpenSSL would refuse with an alert.
  const common = config.alpnProtocols.some((protocol) => offeredProtocols.includes(protocol));
  const secure = new tls.TLSSocket(socket, {
    isServer: true,
    secureContext: context.secureContext,
    ...(common ? { ALPNProtocols: encodeProtocols(config.alpnProtocols) } : {}),
  });
  const timeoutMs = chain.transportSocketConnectTimeoutMs;
  const timer = timeoutMs > 0 ? setTimeout(() => secure.destroy(), timeoutMs) : undefined;
  // A failed handshake destroys the socket; without a listener the error would end the process.
  secure.on('error', () => secure.destroy());
  secure.once('close', () => clearTimeout(timer));
  secure.once('secure', () => {
    clearTimeout(timer);
    // As tls.Server does: node:http2 waits with its SETTINGS as long as the handshake seems to go on.
    Object.assign(secure, { secureConnecting: false });
    onSecure(secure);
  });
}

/** ALPN's wire form; a socket of its own takes nothing else. */
function encodeProtocols(protocols: readonly string[]): Buffer {
  return Buffer.concat(protocols.map((protocol) => Buffer.from([protocol.length, ...Buffer.from(protocol, 'latin1')])));
}
