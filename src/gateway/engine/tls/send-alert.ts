// Tells a client in TLS why its certificate is not taken: Node checks it after the handshake, and has no way to say so.
import { createCipheriv, createHmac } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** RFC 8446 6.2. */
const alerts = {
  unsupportedCertificate: 43,
  certificateRevoked: 44,
  certificateExpired: 45,
  certificateUnknown: 46,
  unknownCa: 48,
  /** RFC 6066 8, which is what Envoy says of fingerprints. */
  badCertificateHashValue: 114,
} as const;

/** OpenSSL's codes of what is wrong with a chain, and what else of a validation is not met. */
const byCode: Readonly<Record<string, number>> = {
  CERT_HAS_EXPIRED: alerts.certificateExpired,
  CERT_REVOKED: alerts.certificateRevoked,
  INVALID_PURPOSE: alerts.unsupportedCertificate,
  UNABLE_TO_GET_ISSUER_CERT: alerts.unknownCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: alerts.unknownCa,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: alerts.unknownCa,
  DEPTH_ZERO_SELF_SIGNED_CERT: alerts.unknownCa,
  SELF_SIGNED_CERT_IN_CHAIN: alerts.unknownCa,
  names: alerts.certificateUnknown,
  fingerprints: alerts.badCertificateHashValue,
};

export const alertFor = (code: string | undefined): number => byCode[code ?? ''] ?? alerts.certificateUnknown;

const ciphers = {
  TLS_AES_128_GCM_SHA256: { name: 'aes-128-gcm', hash: 'sha256', keyBytes: 16 },
  TLS_AES_256_GCM_SHA384: { name: 'aes-256-gcm', hash: 'sha384', keyBytes: 32 },
  TLS_CHACHA20_POLY1305_SHA256: { name: 'chacha20-poly1305', hash: 'sha256', keyBytes: 32 },
} as const;

const isKnown = (name: string): name is keyof typeof ciphers => Object.hasOwn(ciphers, name);

/** How long a client may take to read the alert. */
const lingerMs = 1000;

export interface AlertSender {
  /** Writes a fatal alert and ends the connection. To be called in the event `secure`: not a byte has gone out since the client's last. */
  send(description: number): void;
}

/** To be made before the handshake: it listens for the key. `socket` is the connection below `secure`. */
export function createAlertSender(secure: TLSSocket, socket: Socket): AlertSender {
  let secret: Buffer | undefined;
  secure.on('keylog', (line: Buffer) => {
    const [label, , hex] = line.toString('latin1').trim().split(' ');
    if (label === 'SERVER_TRAFFIC_SECRET_0' && hex !== undefined) secret = Buffer.from(hex, 'hex');
  });
  return {
    send: (description) => {
      const { name } = secure.getCipher();
      if (secure.getProtocol() !== 'TLSv1.3') socket.write(plainAlert(description));
      else if (secret !== undefined && isKnown(name)) socket.write(sealedAlert(secret, name, description));
      socket.end();
      // Closed at once, with something of the client's unread, the kernel would answer with a reset that can take the alert with it.
      const timer = setTimeout(() => {
        secure.destroy();
        socket.destroy();
      }, lingerMs);
      socket.once('close', () => clearTimeout(timer));
    },
  };
}

const fatal = 2;

/** Up to TLS 1.2 the server's own Finished, which still waits to be sent, is the first record that is sealed. */
const plainAlert = (description: number): Buffer => Buffer.from([21, 3, 3, 0, 2, fatal, description]);

/** RFC 8446 5.2: the alert and its type behind it, sealed as the first record under the key. */
function sealedAlert(secret: Buffer, cipher: keyof typeof ciphers, description: number): Buffer {
  const { name, hash, keyBytes } = ciphers[cipher];
  const content = Buffer.from([fatal, description, 21]);
  const authTagLength = 16;
  const header = Buffer.from([23, 3, 3, 0, content.length + authTagLength]);
  const [key, nonce] = [expandLabel(hash, secret, 'key', keyBytes), expandLabel(hash, secret, 'iv', 12)];
  const sealing = createCipheriv(name as 'aes-128-gcm', key, nonce, { authTagLength });
  sealing.setAAD(header);
  return Buffer.concat([header, sealing.update(content), sealing.final(), sealing.getAuthTag()]);
}

/** HKDF-Expand-Label of RFC 8446 7.1, without a context. One block is enough for keys of 32 bytes. */
function expandLabel(hash: string, secret: Buffer, label: string, length: number): Buffer {
  const full = Buffer.from(`tls13 ${label}`, 'latin1');
  const info = Buffer.concat([Buffer.from([0, length, full.length]), full, Buffer.from([0])]);
  return createHmac(hash, secret)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, length);
}
