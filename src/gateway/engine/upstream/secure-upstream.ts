// The TLS handshake with a host, and whether its certificate is the one that was asked for.
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import type { NameMatcher } from '../config/engine-config.ts';
import { meetsNames } from '../tls/verify-client.ts';
import type { TlsFailure } from './tls-failure.ts';

/** What one connection is secured with. */
export interface UpstreamSecurity {
  readonly secureContext: tls.SecureContext;
  /** '' for none. */
  readonly sni: string;
  readonly alpnProtocols: readonly string[];
  /** Whether the host has to show a certificate of a known authority. */
  readonly verifies: boolean;
  /** One of them has to be in the certificate; empty is any. */
  readonly names: readonly NameMatcher[];
}

/** What stands between the connection and its bytes. */
export interface UpstreamTransport {
  /** Sent before anything else. */
  readonly proxyHeader?: Buffer | undefined;
  /** Undefined: plaintext. */
  readonly security?: UpstreamSecurity | undefined;
  /** There can be no connection, for this reason. */
  readonly unavailable?: string | undefined;
}

/** Envoy's words (`%UPSTREAM_TRANSPORT_FAILURE_REASON%`), as far as the two TLS libraries agree on what went wrong. */
const wrongCertificate = 'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end';
const notTls = 'TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end';

function describe(error: NodeJS.ErrnoException): string | undefined {
  if (error.code === 'ECONNRESET') return undefined;
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || error.code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return notTls;
  if (!error.code?.startsWith('ERR_SSL')) return wrongCertificate;
  return `TLS_error:|${error.code.replace('ERR_SSL_', '')}:TLS_error_end`;
}

/** One that the host only left is no error of TLS. */
function failureOf({ code }: NodeJS.ErrnoException): TlsFailure | undefined {
  if (code === 'ECONNRESET') return undefined;
  return code?.startsWith('ERR_SSL') ? 'connection_error' : 'fail_verify_error';
}

/** Exactly one callback is called; `onFailed` with what the log is to say, where there is anything. */
export function secureUpstream(
  socket: Socket,
  security: UpstreamSecurity,
  onSecured: (secured: tls.TLSSocket) => void,
  onFailed: (reason: string | undefined, failure: TlsFailure | undefined) => void,
): void {
  const { secureContext, sni, alpnProtocols, verifies, names } = security;
  const secured = tls.connect({
    socket,
    secureContext,
    ...(sni === '' ? {} : { servername: sni }),
    ...(alpnProtocols.length > 0 ? { ALPNProtocols: [...alpnProtocols] } : {}),
    rejectUnauthorized: verifies,
    // The SNI says nothing of the certificate, unless it is among the names.
    checkServerIdentity: () => undefined,
  });
  let settled = false;
  const settle = (): boolean => {
    const first = !settled;
    settled = true;
    return first;
  };
  secured.on('error', (error: NodeJS.ErrnoException) => {
    if (settle()) onFailed(describe(error), failureOf(error));
  });
  secured.on('close', () => {
    if (settle()) onFailed(undefined, undefined);
  });
  secured.once('secureConnect', () => {
    const certificate: X509Certificate | undefined = secured.getPeerX509Certificate();
    const isRight = !verifies || (certificate !== undefined && meetsNames(certificate, names));
    if (!settle()) return;
    if (isRight) onSecured(secured);
    else {
      secured.destroy();
      onFailed(wrongCertificate, 'fail_verify_san');
    }
  });
}
