// What a client's certificate has to meet beside its chain: names and fingerprints (Envoy's CertificateValidationContext).
import { createHash, type X509Certificate } from 'node:crypto';
import type { ClientValidation, NameMatcher } from '../config/engine-config.ts';

/** What of the validation the certificate does not meet, beside the chain, which the TLS library checks. */
export function unmetValidation(
  certificate: X509Certificate,
  validation: ClientValidation,
): 'names' | 'fingerprints' | undefined {
  if (!meetsNames(certificate, validation.subjectAltNames)) return 'names';
  return meetsFingerprints(certificate, validation) ? undefined : 'fingerprints';
}

export function meetsNames(certificate: X509Certificate, wanted: readonly NameMatcher[]): boolean {
  if (wanted.length === 0) return true;
  const names = subjectAltNames(certificate);
  return wanted.some((matcher) =>
    names.some(
      ({ type, value }) =>
        matcher.matches(value) || (type === 'DNS' && matcher.exact !== undefined && covers(value, matcher.exact)),
    ),
  );
}

/** A wildcard in a certificate stands for one label. */
function covers(name: string, host: string): boolean {
  if (!name.startsWith('*.')) return name.toLowerCase() === host.toLowerCase();
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot).toLowerCase() === name.slice(1).toLowerCase();
}

/** Any one of all of them is enough. */
function meetsFingerprints(certificate: X509Certificate, { spki, hashes }: ClientValidation): boolean {
  if (spki.length + hashes.length === 0) return true;
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return spki.includes(sha256(key).toString('base64')) || hashes.includes(sha256(certificate.raw).toString('hex'));
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

export interface SubjectAltName {
  /** `DNS`, `URI`, `IP Address`, `email`, … */
  readonly type: string;
  readonly value: string;
}

/** Node prints them as one line, values with special characters as JSON. */
export function subjectAltNames({ subjectAltName }: X509Certificate): readonly SubjectAltName[] {
  const names = (subjectAltName ?? '').matchAll(/([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g);
  return [...names].map(([, type = '', text = '']) => ({
    type,
    value: text.startsWith('"') ? String(JSON.parse(text)) : text,
  }));
}
