// What is wrong with the certificates that filter chains name; each problem costs the chains that use it, nothing else.
import { X509Certificate } from 'node:crypto';
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import { parseFileSecretName } from '../../../xds/resource-names.ts';
import type { EngineConfig, SecretConfig } from '../config/engine-config.ts';
import { secretProblem } from './create-tls-contexts.ts';

/** Certificates in mounted files are not among them: whoever reads the files knows more. */
export function diagnoseCertificates({ listeners, secrets }: EngineConfig, now: Date): readonly Diagnostic[] {
  const users = new Map<string, string[]>();
  for (const listener of listeners.values()) {
    const { filterChains, defaultFilterChain } = listener;
    for (const chain of defaultFilterChain ? [...filterChains, defaultFilterChain] : filterChains)
      for (const name of chain.tls?.certificates ?? []) {
        const hosts = chain.match.serverNames.join(', ') || 'any server name';
        users.set(name, [...(users.get(name) ?? []), `${hosts} on ${listener.name}`]);
      }
  }
  return [...users]
    .filter(([name]) => parseFileSecretName(name) === undefined)
    .flatMap(([name, usedBy]) => diagnose(name, secrets.get(name), usedBy.join('; '), now) ?? []);
}

function diagnose(name: string, secret: SecretConfig | undefined, usedBy: string, now: Date): Diagnostic | undefined {
  if (!secret)
    return {
      severity: 'error',
      code: 'TG0015',
      message: `Secret ${name} is not available. TLS connections for ${usedBy} are closed.`,
      remedy: 'Create the Secret in the namespace of the gateway, with tls.crt and tls.key.',
    };
  const problem = secretProblem(secret);
  if (problem !== undefined)
    return {
      severity: 'error',
      code: 'TG0013',
      message: `The certificate or key of ${name} cannot be used (${problem}). TLS connections for ${usedBy} are closed.`,
      remedy: 'Put a PEM certificate chain and the private key that belongs to it in place.',
    };
  return diagnoseValidity(name, secret, usedBy, now);
}

function diagnoseValidity(name: string, secret: SecretConfig, usedBy: string, now: Date): Diagnostic | undefined {
  const certificate = new X509Certificate(secret.certificateChain);
  const expired = certificate.validToDate < now;
  if (!expired && certificate.validFromDate <= now) return undefined;
  const when = expired ? `expired on ${certificate.validTo}` : `is not valid before ${certificate.validFrom}`;
  return {
    severity: 'warning',
    code: 'TG0014',
    message: `The certificate of ${name} ${when}. It is served for ${usedBy} all the same; clients will refuse it.`,
    remedy: 'Renew the certificate; it is taken up without a restart.',
  };
}
