// What is counted of TLS, with clients and with endpoints, under `….ssl.`.
import type { TLSSocket } from 'node:tls';
import type { Group } from './create-registry.ts';

export type SslStatistics = ReturnType<typeof createSslStatistics>;

export function createSslStatistics() {
  return {
    counters: {
      connection_error: 0,
      fail_verify_error: 0,
      fail_verify_no_cert: 0,
      fail_verify_san: 0,
      handshake: 0,
      no_certificate: 0,
      session_reused: 0,
    },
    /** `versions.TLSv1.3` and `ciphers.…` of handshakes. */
    names: new Map<string, number>(),
  };
}

export const sslGroup = ({ counters, names }: SslStatistics): Group => ({
  counters,
  more: () => names,
  deferred: true,
});

export function countHandshake(secure: TLSSocket, { counters, names }: SslStatistics): void {
  counters.handshake++;
  if (secure.isSessionReused()) counters.session_reused++;
  if (secure.getPeerX509Certificate() === undefined) counters.no_certificate++;
  for (const name of [`versions.${secure.getProtocol()}`, `ciphers.${secure.getCipher().name}`])
    names.set(name, (names.get(name) ?? 0) + 1);
}
