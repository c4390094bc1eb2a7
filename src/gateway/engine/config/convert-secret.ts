// Secret → SecretConfig: what is no usable certificate is refused here, before a handshake could fail on it.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type {
  CertificateValidationContext,
  TlsCertificate,
} from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import type { Secret } from '../../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import type { SecretConfig } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { readDataText } from './read-data-source.ts';
import { snakeCase, warnUnhandledFields } from './warn-unhandled-fields.ts';

// Whoever sent the files also watches them: what the directory is called changes nothing.
const certificateFields = new Set(['certificateChain', 'privateKey', 'watchedDirectory']);
const validationFields = new Set([
  ...['trustedCa', 'crl', 'watchedDirectory', 'matchSubjectAltNames', 'verifyCertificateSpki', 'verifyCertificateHash'],
]);

/** Undefined together with a warning for secrets that the engine has no use for. */
export function convertSecret(secret: Secret, version: string, findings: Findings): SecretConfig | undefined {
  switch (secret.type.case) {
    case 'tlsCertificate':
      return convertCertificate(secret.type.value, secret.name, version, findings);
    case 'validationContext':
      return convertValidation(secret.type.value, secret.name, version, findings);
    case undefined:
      findings.required('Secret', 'type');
      return undefined;
    default:
      findings.warn(`${snakeCase(secret.type.case)} is not supported by the embedded engine: it has no effect`);
      return undefined;
  }
}

export function convertCertificate(
  certificate: TlsCertificate,
  name: string,
  version: string,
  findings: Findings,
): SecretConfig {
  warnUnhandledFields(certificate, certificateFields, findings);
  const certificateChain = readDataText(certificate.certificateChain, findings);
  const privateKey = readDataText(certificate.privateKey, findings);
  const leaf = parsePem(() => new X509Certificate(certificateChain));
  const key = parsePem(() => createPrivateKey(privateKey));
  if (leaf === undefined) findings.reject('Failed to load certificate chain from <inline>');
  else if (key === undefined) findings.reject('Failed to load private key from <inline>');
  else if (!fits(leaf, key)) findings.reject('Failed to load private key from <inline>, Cause: KEY_VALUES_MISMATCH');
  return { name, version, kind: 'certificate', certificateChain, privateKey, trustedCa: '', crl: '' };
}

export function convertValidation(
  context: CertificateValidationContext,
  name: string,
  version: string,
  findings: Findings,
): SecretConfig {
  warnUnhandledFields(context, validationFields, findings);
  const trustedCa = readDataText(context.trustedCa, findings);
  if (trustedCa !== '' && parsePem(() => new X509Certificate(trustedCa)) === undefined)
    findings.reject('Failed to load trusted CA certificates from <inline>');
  const crl = readDataText(context.crl, findings);
  return { name, version, kind: 'validation', certificateChain: '', privateKey: '', trustedCa, crl };
}

/** Errors of the library may quote what they were given: only that it failed is passed on. */
function parsePem<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

const fits = (certificate: X509Certificate, key: KeyObject): boolean =>
  parsePem(() => certificate.checkPrivateKey(key)) ?? false;
