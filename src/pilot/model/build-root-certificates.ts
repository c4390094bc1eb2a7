// Reads the certificates of authorities of a Secret: what client certificates are checked against.
import { X509Certificate } from 'node:crypto';
import type { Resource } from '../resources/resource.ts';

export type RootsResult =
  /** PEM; `crl` where the Secret has revocation lists too. */
  | { readonly kind: 'roots'; readonly trustedCa: Uint8Array; readonly crl: Uint8Array | undefined }
  /** `key` is the data key to look at, where one is to blame. */
  | { readonly kind: 'problem'; readonly key: string | undefined; readonly reason: string };

/** Istio's order: the generic name first, then that of type kubernetes.io/tls. */
const keyNames = [
  { roots: 'cacert', crl: 'crl' },
  { roots: 'ca.crt', crl: 'ca.crl' },
] as const;

const pemBlock = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/g;
const crlBlock = /-----BEGIN X509 CRL-----[A-Za-z0-9+/=\s]+-----END X509 CRL-----/;

/** Never throws. */
export function buildRootCertificates(secret: Resource<'Secret'>): RootsResult {
  const { data } = secret.spec;
  const names = keyNames.find(({ roots }) => (data.get(roots)?.length ?? 0) > 0);
  if (names === undefined) {
    const found = [...data.keys()].sort().join(', ') || 'no keys';
    return { kind: 'problem', key: undefined, reason: `it lacks ca.crt (or cacert), it has ${found}` };
  }
  const trustedCa = data.get(names.roots) ?? new Uint8Array();
  const blocks = Buffer.from(trustedCa).toString('latin1').match(pemBlock);
  if (blocks === null) return { kind: 'problem', key: names.roots, reason: 'it holds no PEM certificate' };
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    return { kind: 'problem', key: names.roots, reason: 'it holds a certificate that cannot be parsed' };
  }
  const crl = data.get(names.crl);
  if (crl !== undefined && !crlBlock.test(Buffer.from(crl).toString('latin1')))
    return { kind: 'problem', key: names.crl, reason: 'it holds no revocation list in PEM' };
  return { kind: 'roots', trustedCa, crl };
}
