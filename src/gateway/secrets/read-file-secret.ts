// Reads the files behind one SDS name and makes the Secret of them, or says which file is wrong and why.
import fs from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { SecretSchema } from '../../xds/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { parseFileSecretName, systemRoots } from '../../xds/resource-names.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import { type Mounts, resolveMountedPath } from './resolve-mounted-path.ts';
import { type CertificateCheck, isCrl, type Validity, validateKeyPair, validateRoots } from './validate-certificate.ts';

export interface SecretFile {
  /** As the manifest names it. */
  readonly named: string;
  /** Where it lies on this machine. */
  readonly local: string;
}

export interface FileSecret {
  readonly certificate: SecretFile;
  /** Absent for a bundle of roots. */
  readonly key: SecretFile | undefined;
  /** Revocation list beside a bundle of roots. */
  readonly crl: SecretFile | undefined;
}

export type SecretReading =
  | { readonly kind: 'read'; readonly resource: XdsResource; readonly validity: Validity }
  | { readonly kind: 'unreadable'; readonly file: SecretFile; readonly reason: string }
  | { readonly kind: 'invalid'; readonly file: SecretFile; readonly reason: string };

/** Of one file. A chain or a bundle of roots has some hundred KiB at most. */
const maxBytes = 1024 * 1024;

/** Where systems keep the authorities that they trust, the first that is there (as in Go's crypto/x509, and so in Istio's agent). */
const systemRootsFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

const systemRootsFile = (): string => systemRootsFiles.find((file) => fs.existsSync(file)) ?? systemRootsFiles[0];

/** Undefined for a name that is not one of ours (`kubernetes://…` comes from pilot). */
export function parseFileSecret(name: string, mounts: Mounts): FileSecret | undefined {
  const parsed = parseFileSecretName(name);
  if (parsed === undefined) return undefined;
  const at = (named: string): SecretFile => ({
    named,
    local: named === systemRoots ? systemRootsFile() : resolveMountedPath(mounts, named),
  });
  const certificate = at(parsed.certificate);
  if (parsed.kind === 'certificate') return { certificate, key: at(parsed.key), crl: undefined };
  return { certificate, key: undefined, crl: parsed.crl === undefined ? undefined : at(parsed.crl) };
}

export const filesOf = (secret: FileSecret): readonly SecretFile[] =>
  [secret.certificate, secret.key, secret.crl].filter((file) => file !== undefined);

/** Changes whenever a file is replaced or rewritten, through any chain of symbolic links. */
export function fingerprintOf(secret: FileSecret): string {
  return filesOf(secret)
    .map(({ local }) => {
      try {
        const { dev, ino, size, mtimeMs, ctimeMs } = fs.statSync(local);
        return [dev, ino, size, mtimeMs, ctimeMs].join(':');
      } catch (error) {
        return describeError(error);
      }
    })
    .join(' ');
}

function describeError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  return code ?? message;
}

type FileContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

function readBounded(file: string): FileContent {
  try {
    const stat = fs.statSync(file);
    // Opening a FIFO or a device would wait for someone to write.
    if (!stat.isFile()) return { kind: 'unreadable', reason: 'is not a file' };
    if (stat.size > maxBytes) return { kind: 'unreadable', reason: `is larger than ${maxBytes} bytes` };
    return { kind: 'text', text: fs.readFileSync(file, 'utf8') };
  } catch (error) {
    return { kind: 'unreadable', reason: describeError(error) };
  }
}

const inline = (text: string) => ({ specifier: { case: 'inlineBytes' as const, value: Buffer.from(text) } });

/** Without its list nobody is let in: somebody revoked would be. */
function readCrl(file: SecretFile): (FileContent & { kind: 'text' }) | Exclude<SecretReading, { kind: 'read' }> {
  const crl = readBounded(file.local);
  if (crl.kind === 'unreadable') return { ...crl, file };
  return isCrl(crl.text) ? crl : { kind: 'invalid', file, reason: 'has no revocation list in PEM' };
}

function readOnce(name: string, secret: FileSecret): SecretReading {
  const certificate = readBounded(secret.certificate.local);
  if (certificate.kind === 'unreadable') return { ...certificate, file: secret.certificate };
  const fault = (check: CertificateCheck & { kind: 'invalid' }): SecretReading => ({
    kind: 'invalid',
    file: check.file === 'key' ? (secret.key ?? secret.certificate) : secret.certificate,
    reason: check.reason,
  });
  if (secret.key === undefined) {
    const check = validateRoots(certificate.text);
    if (check.kind === 'invalid') return fault(check);
    const crl = secret.crl && readCrl(secret.crl);
    if (crl !== undefined && crl.kind !== 'text') return crl;
    const value = { trustedCa: inline(certificate.text), ...(crl && { crl: inline(crl.text) }) };
    const message = create(SecretSchema, { name, type: { case: 'validationContext', value } });
    return { kind: 'read', resource: createXdsResource(typeUrls.secret, SecretSchema, name, message), validity: check };
  }
  const key = readBounded(secret.key.local);
  if (key.kind === 'unreadable') return { ...key, file: secret.key };
  const check = validateKeyPair(certificate.text, key.text);
  if (check.kind === 'invalid') return fault(check);
  const value = { certificateChain: inline(certificate.text), privateKey: inline(key.text) };
  const message = create(SecretSchema, { name, type: { case: 'tlsCertificate', value } });
  return { kind: 'read', resource: createXdsResource(typeUrls.secret, SecretSchema, name, message), validity: check };
}

/**
 * Synchronous, so that a subscription can be answered with its certificate at once: the files are few and small.
 * Files that change while they are read (certificate of before, key of after) are read again.
 */
export function readFileSecret(name: string, secret: FileSecret): { reading: SecretReading; fingerprint: string } {
  for (let attempt = 1; ; attempt += 1) {
    const fingerprint = fingerprintOf(secret);
    const reading = readOnce(name, secret);
    if (attempt === 3 || fingerprintOf(secret) === fingerprint) return { reading, fingerprint };
  }
}
