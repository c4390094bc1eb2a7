// Reads the certificate and key of a Secret, and proves that a data plane can use them: one bad pair must not reach it.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Resource } from '../resources/resource.ts';

export interface CertificatePair {
  /** PEM. */
  readonly certificateChain: Uint8Array;
  readonly privateKey: Uint8Array;
  /** Milliseconds since 1970, of the first certificate. */
  readonly validFrom: number;
  readonly validTo: number;
}

export type CertificateResult =
  | { readonly kind: 'pair'; readonly pair: CertificatePair }
  /** `key` is the data key to look at, where one is to blame. */
  | { readonly kind: 'problem'; readonly key: string | undefined; readonly reason: string };

const problem = (key: string | undefined, reason: string): CertificateResult => ({ kind: 'problem', key, reason });

/** Istio's order: the generic names first, then those of type kubernetes.io/tls. */
const keyNames = [
  { certificate: 'cert', key: 'key' },
  { certificate: 'tls.crt', key: 'tls.key' },
] as const;

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

function unsupportedKey(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa')
    return (details?.modulusLength ?? 0) < 2048 ? 'an RSA key must have at least 2048 bits' : undefined;
  if (key.asymmetricKeyType === 'ec')
    return curves.has(details?.namedCurve ?? '') ? undefined : 'an ECDSA key must be on P-256, P-384 or P-521';
  return `a key of type ${key.asymmetricKeyType ?? 'unknown'} is not supported: use RSA or ECDSA`;
}

function parseChain(text: string): readonly X509Certificate[] | string {
  const blocks = text.match(pemBlock);
  if (blocks === null) return 'it holds no PEM certificate';
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return 'it holds a certificate that cannot be parsed';
  }
}

function parseKey(bytes: Uint8Array): KeyObject | undefined {
  try {
    return createPrivateKey(Buffer.from(bytes));
  } catch {
    return undefined;
  }
}

/** Never throws, and never puts key material into a text. */
export function buildCertificate(secret: Resource<'Secret'>): CertificateResult {
  const { data } = secret.spec;
  const names = keyNames.find((pair) => data.has(pair.certificate) && data.has(pair.key));
  if (names === undefined) {
    const certificate = data.has('tls.crt') || data.has('cert');
    const found = [...data.keys()].sort().join(', ') || 'no keys';
    const lacks = certificate ? 'the private key' : 'the certificate';
    return problem(undefined, `it lacks ${lacks}: tls.crt and tls.key (or cert and key) are needed, it has ${found}`);
  }
  const certificateChain = data.get(names.certificate) ?? new Uint8Array();
  const privateKey = data.get(names.key) ?? new Uint8Array();
  const chain = parseChain(Buffer.from(certificateChain).toString('latin1'));
  if (typeof chain === 'string') return problem(names.certificate, chain);
  const [leaf] = chain;
  if (leaf === undefined) return problem(names.certificate, 'it holds no PEM certificate');
  const key = parseKey(privateKey);
  if (key === undefined) return problem(names.key, 'it holds no private key in PEM without a passphrase');
  if (!leaf.checkPrivateKey(key)) return problem(names.key, 'the private key does not fit the certificate');
  const unsupported = unsupportedKey(key);
  if (unsupported !== undefined) return problem(names.key, unsupported);
  const pair = {
    certificateChain,
    privateKey,
    validFrom: Date.parse(leaf.validFrom),
    validTo: Date.parse(leaf.validTo),
  };
  return { kind: 'pair', pair };
}
