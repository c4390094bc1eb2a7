// Certificates for the tests of the gateway: signed by themselves, made on the spot.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import * as x509 from '@peculiar/x509';

export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
}

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function issueTestCertificate(
  host: string,
  validity: { notBefore?: Date; notAfter?: Date } = {},
): Promise<TestCertificate> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${host}`,
    keys,
    signingAlgorithm: ecdsa,
    notBefore: validity.notBefore ?? new Date(Date.now() - 60_000),
    notAfter: validity.notAfter ?? new Date(Date.now() + 3_600_000),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { certificate: certificate.toString('pem'), key };
}

/** Writes tls.crt and tls.key the way Kubernetes mounts a Secret: a new dated folder, and `..data` swapped to it atomically. */
export function mountLikeKubernetes(folder: string, pair: TestCertificate): void {
  const dated = fs.mkdtempSync(path.join(folder, '..2026_'));
  fs.writeFileSync(path.join(dated, 'tls.crt'), pair.certificate);
  fs.writeFileSync(path.join(dated, 'tls.key'), pair.key);
  fs.symlinkSync(path.basename(dated), path.join(folder, '..data_tmp'));
  const data = path.join(folder, '..data');
  const before = fs.existsSync(data) ? fs.realpathSync(data) : undefined;
  fs.renameSync(path.join(folder, '..data_tmp'), data);
  for (const file of ['tls.crt', 'tls.key']) {
    if (!fs.existsSync(path.join(folder, file))) fs.symlinkSync(path.join('..data', file), path.join(folder, file));
  }
  if (before !== undefined) fs.rmSync(before, { recursive: true });
}
