// The certificates of filter chains as Node's secure contexts, made when first needed and again when a secret changes.
import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import { parseFileSecretName } from '../../../xds/resource-names.ts';
import type { DownstreamTls, FilterChainConfig, ListenerConfig, SecretConfig } from '../config/engine-config.ts';

export type TlsContext =
  | { readonly kind: 'ready'; readonly secureContext: tls.SecureContext }
  /** No certificate that can be used: handshakes are closed, as Envoy does. */
  | { readonly kind: 'unavailable' };

export interface TlsContexts {
  contextOf(config: DownstreamTls): TlsContext;
  /** Takes new secrets: the next handshake uses them, connections that are open keep theirs. */
  apply(secrets: ReadonlyMap<string, SecretConfig>): void;
}

interface Cached {
  readonly versions: string;
  readonly context: TlsContext;
}

export function createTlsContexts(): TlsContexts {
  let secrets: ReadonlyMap<string, SecretConfig> = new Map();
  const cache = new WeakMap<DownstreamTls, Cached>();
  return {
    contextOf: (config) => {
      const versions = config.certificates.map((name) => secrets.get(name)?.version ?? '-').join(' ');
      const known = cache.get(config);
      if (known?.versions === versions) return known.context;
      const context = buildContext(config, secrets);
      cache.set(config, { versions, context });
      return context;
    },
    apply: (next) => {
      secrets = next;
    },
  };
}

function buildContext(config: DownstreamTls, secrets: ReadonlyMap<string, SecretConfig>): TlsContext {
  const usable = config.certificates
    .map((name) => secrets.get(name))
    .filter((secret) => secret !== undefined)
    .filter((secret) => secretProblem(secret) === undefined);
  if (usable.length === 0) return { kind: 'unavailable' };
  const ciphers = config.cipherSuites.flatMap((suite) => suite.replace(/^\[|\]$/g, '').split('|'));
  try {
    const secureContext = tls.createSecureContext({
      cert: usable.map((secret) => secret.certificateChain),
      key: usable.map((secret) => secret.privateKey),
      minVersion: config.minVersion ?? 'TLSv1.2',
      maxVersion: config.maxVersion ?? 'TLSv1.3',
      honorCipherOrder: true,
      // TLS 1.3 suites are not configurable in Envoy: its own stay on.
      ...(ciphers.length > 0 ? { ciphers: [...tls13Ciphers, ...ciphers].join(':') } : {}),
    });
    return { kind: 'ready', secureContext };
  } catch {
    return { kind: 'unavailable' };
  }
}

const tls13Ciphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Why a certificate cannot serve; undefined if it can. */
function secretProblem(secret: SecretConfig): string | undefined {
  try {
    tls.createSecureContext({ cert: secret.certificateChain, key: secret.privateKey });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Problems of the certificates that these listeners name; each costs the chains that use it, nothing else. */
export function diagnoseCertificates(
  listeners: Iterable<ListenerConfig>,
  secrets: ReadonlyMap<string, SecretConfig>,
  now: Date,
): readonly Diagnostic[] {
  const users = new Map<string, string[]>();
  for (const listener of listeners) {
    const chains: readonly FilterChainConfig[] = [
      ...listener.filterChains,
      ...(listener.defaultFilterChain ? [listener.defaultFilterChain] : []),
    ];
    for (const chain of chains)
      for (const name of chain.tls?.certificates ?? []) {
        const hosts = chain.match.serverNames.join(', ') || 'any server name';
        users.set(name, [...(users.get(name) ?? []), `${hosts} on ${listener.name}`]);
      }
  }
  return [...users].flatMap(([name, usedBy]) => diagnose(name, secrets.get(name), usedBy.join('; '), now) ?? []);
}

function diagnose(name: string, secret: SecretConfig | undefined, usedBy: string, now: Date): Diagnostic | undefined {
  const file = parseFileSecretName(name);
  if (!secret) {
    const effect = `TLS connections for ${usedBy} are closed.`;
    if (file?.kind === 'certificate')
      return {
        severity: 'error',
        code: 'TG0012',
        message: `Certificate ${file.certificate} or key ${file.key} is missing or unreadable. ${effect}`,
        remedy: 'Mount the files there, or map the folder with --mount; they are taken up without a restart.',
      };
    return {
      severity: 'error',
      code: 'TG0015',
      message: `Secret ${name} is not available. ${effect}`,
      remedy: 'Create the Secret in the namespace of the gateway, with tls.crt and tls.key.',
    };
  }
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
