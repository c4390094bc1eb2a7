// Checks PEM files before a data plane sees them: one it would reject could take good ones of the same response down with it.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

export interface Validity {
  /** Milliseconds since the epoch: while a whole chain is valid, or any certificate of a bundle. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export type CertificateCheck =
  | ({ readonly kind: 'valid' } & Validity)
  /** Which file is at fault, and what is wrong with it, without any of its content. */
  | { readonly kind: 'invalid'; readonly file: 'certificate' | 'key'; readonly reason: string };

const invalid = (file: 'certificate' | 'key', reason: string): CertificateCheck => ({ kind: 'invalid', file, reason });

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** More than any real bundle of roots has. */
const maxCertificates = 1000;

function parseChain(pem: string): readonly X509Certificate[] | string {
  const blocks = pem.match(block) ?? [];
  if (blocks.length === 0) return 'has no PEM block CERTIFICATE';
  if (blocks.length > maxCertificates) return `has more than ${maxCertificates} certificates`;
  const chain: X509Certificate[] = [];
  for (const [index, text] of blocks.entries()) {
    try {
      chain.push(new X509Certificate(text));
    } catch {
      return `has a CERTIFICATE block that cannot be parsed (number ${index + 1})`;
    }
  }
  return chain;
}

const validityOf = (chain: readonly X509Certificate[]): Validity => ({
  notBefore: Math.max(...chain.map((certificate) => Date.parse(certificate.validFrom))),
  notAfter: Math.min(...chain.map((certificate) => Date.parse(certificate.validTo))),
});

/** Of a bundle: it serves as long as one of them does. */
const validityOfAny = (bundle: readonly X509Certificate[]): Validity => ({
  notBefore: Math.min(...bundle.map((certificate) => Date.parse(certificate.validFrom))),
  notAfter: Math.max(...bundle.map((certificate) => Date.parse(certificate.validTo))),
});

/** Envoy loads RSA of 2048 bits and more, and ECDSA on the NIST curves; both of our data planes keep to that. */
function unsupportedKey(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    return bits < 2048 ? `is an RSA key of ${bits} bits; at least 2048 are needed` : undefined;
  }
  if (key.asymmetricKeyType !== 'ec') return `is a ${key.asymmetricKeyType} key; only RSA and ECDSA are supported`;
  const curve = details?.namedCurve ?? 'unknown';
  if (['prime256v1', 'secp384r1', 'secp521r1'].includes(curve)) return undefined;
  return `is on the curve ${curve}; only P-256, P-384 and P-521 are supported`;
}

function parseKey(pem: string): KeyObject | string {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    return 'is encrypted; a server needs the key without a passphrase';
  }
  try {
    return createPrivateKey(pem);
  } catch {
    return 'has no private key in PEM that can be parsed';
  }
}

/** A server's chain (leaf first) and its key. Expiry is not an error here: an expired certificate is served, with a warning. */
export function validateKeyPair(certificate: string, key: string): CertificateCheck {
  const chain = parseChain(certificate);
  if (typeof chain === 'string') return invalid('certificate', chain);
  const parsed = parseKey(key);
  if (typeof parsed === 'string') return invalid('key', parsed);
  const unsupported = unsupportedKey(parsed);
  if (unsupported !== undefined) return invalid('key', unsupported);
  if (chain[0]?.checkPrivateKey(parsed) !== true) return invalid('key', 'does not belong to the certificate');
  return { kind: 'valid', ...validityOf(chain) };
}

/** A bundle of certificates that clients (or servers) are checked against. */
export function validateRoots(certificates: string): CertificateCheck {
  const chain = parseChain(certificates);
  return typeof chain === 'string' ? invalid('certificate', chain) : { kind: 'valid', ...validityOfAny(chain) };
}

/** Whether it holds a certificate revocation list (RFC 5280 §5) that the TLS library takes. */
export function isCrl(pem: string): boolean {
  if (!/-----BEGIN X509 CRL-----/.test(pem)) return false;
  try {
    createSecureContext({ crl: pem });
    return true;
  } catch {
    return false;
  }
}
