// The demo's certificates, made at start: a CA and one certificate for the demo's host and this machine.
import fs from 'node:fs';
import path from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const day = 24 * 60 * 60 * 1000;

export interface CertificateFiles {
  readonly folder: string;
  /** PEM files inside the folder. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

function filesIn(folder: string): CertificateFiles {
  return {
    folder,
    ca: path.join(folder, 'ca.crt'),
    certificate: path.join(folder, 'tls.crt'),
    key: path.join(folder, 'tls.key'),
  };
}

/** Certificates of an earlier start are kept while they are good for another day: people have imported or copied the CA. */
function stillGood(files: CertificateFiles): boolean {
  try {
    return (
      [files.ca, files.certificate].every(
        (file) => new x509.X509Certificate(fs.readFileSync(file, 'utf8')).notAfter.getTime() > Date.now() + day,
      ) && fs.existsSync(files.key)
    );
  } catch {
    return false;
  }
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** `hosts` are DNS names, `addresses` IP addresses. Keys are readable by their owner only. */
export async function createCertificates(
  folder: string,
  hosts: readonly string[],
  addresses: readonly string[],
): Promise<CertificateFiles> {
  const files = filesIn(folder);
  if (stillGood(files)) return files;
  const validity = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 365 * day) };
  const caKeys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Tidegate demo CA',
    keys: caKeys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const leaf = await x509.X509CertificateGenerator.create({
    subject: `CN=${hosts[0] ?? 'localhost'}`,
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...hosts.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  });
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(files.key, await privateKeyPem(keys.privateKey), { mode: 0o600 });
  fs.writeFileSync(files.certificate, `${leaf.toString('pem')}\n`);
  fs.writeFileSync(files.ca, `${ca.toString('pem')}\n`);
  return files;
}
