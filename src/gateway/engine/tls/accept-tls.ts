// The TLS handshake of one connection with the certificate of its filter chain.
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { DownstreamTls, FilterChainConfig } from '../config/engine-config.ts';
import type { ListenerStatistics } from '../statistics/connection-statistics.ts';
import { countHandshake } from '../statistics/ssl-statistics.ts';
import type { TlsContexts } from './create-tls-contexts.ts';
import { alertFor, createAlertSender } from './send-alert.ts';
import { unmetValidation } from './verify-client.ts';

export interface AcceptTlsOptions {
  readonly chain: FilterChainConfig;
  readonly contexts: TlsContexts;
  /** As the ClientHello has it. */
  readonly offeredProtocols: readonly string[];
  readonly statistics: ListenerStatistics;
  readonly onSecure: (socket: tls.TLSSocket) => void;
}

/** Closes the connection if the handshake fails, takes too long, or there is no certificate for it. */
export function acceptTls(
  socket: Socket,
  { chain, contexts, offeredProtocols, statistics, onSecure }: AcceptTlsOptions,
): void {
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
    requestCert: config.clientCertificate !== 'none',
    rejectUnauthorized: config.clientCertificate === 'required',
    ...(common ? { ALPNProtocols: encodeProtocols(config.alpnProtocols) } : {}),
  });
  const alert = config.clientCertificate === 'none' ? undefined : createAlertSender(secure, socket);
  const timeoutMs = chain.transportSocketConnectTimeoutMs;
  const { counters, ssl } = statistics;
  let isShaken = false;
  const timer =
    timeoutMs > 0
      ? setTimeout(() => {
          counters.downstream_cx_transport_socket_connect_timeout++;
          secure.destroy();
        }, timeoutMs)
      : undefined;
  // A failed handshake destroys the socket; without a listener the error would end the process.
  secure.on('error', (error: NodeJS.ErrnoException) => {
    if (!isShaken) countFailure(ssl, error.code);
    secure.destroy();
  });
  secure.once('close', () => clearTimeout(timer));
  secure.once('secure', () => {
    clearTimeout(timer);
    // As tls.Server does: node:http2 waits with its SETTINGS as long as the handshake seems to go on.
    Object.assign(secure, { secureConnecting: false });
    isShaken = true;
    const refusal = refusalOf(secure, config, ssl);
    if (refusal === undefined) {
      countHandshake(secure, ssl);
      onSecure(secure);
    } else alert?.send(refusal);
  });
}

/** The alert for a client that may not come in with the certificate that it showed. */
function refusalOf(
  secure: tls.TLSSocket,
  { clientCertificate, validation }: DownstreamTls,
  ssl: ListenerStatistics['ssl'],
): number | undefined {
  if (clientCertificate === 'none') return undefined;
  if (validation === undefined) return alertFor(undefined);
  const peer = secure.getPeerX509Certificate();
  // Where one is required OpenSSL has seen to it.
  if (peer === undefined) {
    if (clientCertificate === 'optional') return undefined;
    ssl.counters.fail_verify_no_cert++;
    return alertFor(undefined);
  }
  if (validation.acceptUntrusted) return undefined;
  const error = verifyError(secure);
  if (error !== null) {
    ssl.counters.fail_verify_error++;
    return alertFor((error as NodeJS.ErrnoException).code);
  }
  const unmet = unmetValidation(peer, validation);
  if (unmet === undefined) return undefined;
  ssl.counters.fail_verify_san++;
  return alertFor(unmet);
}

/** One that the client only left is no error, as in Envoy. */
function countFailure(ssl: ListenerStatistics['ssl'], code: string | undefined): void {
  if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') ssl.counters.fail_verify_no_cert++;
  else if (code?.startsWith('ERR_SSL')) ssl.counters.connection_error++;
}

/** What tls.Server asks too: Node goes on with the handshake whatever OpenSSL says of the chain. */
function verifyError(secure: tls.TLSSocket): Error | null {
  const { ssl } = secure as tls.TLSSocket & { readonly ssl?: { verifyError?(): Error | null | undefined } };
  return ssl?.verifyError === undefined ? new Error('the chain was not checked') : (ssl.verifyError() ?? null);
}

/** ALPN's wire form; a socket of its own takes nothing else. */
function encodeProtocols(protocols: readonly string[]): Buffer {
  return Buffer.concat(protocols.map((protocol) => Buffer.from([protocol.length, ...Buffer.from(protocol, 'latin1')])));
}
