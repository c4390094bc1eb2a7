// The certificates of filter chains as Node's secure contexts, made when first needed and again when a secret changes.
import tls from 'node:tls';
import type { DownstreamTls, SecretConfig } from '../config/engine-config.ts';

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
      const names = [...config.certificates, ...(config.validation ? [config.validation.roots] : [])];
      const versions = names.map((name) => secrets.get(name)?.version ?? '-').join(' ');
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
  const roots = config.validation && secrets.get(config.validation.roots);
  // Without the authorities nobody could be told from a stranger.
  if (config.validation && !roots?.trustedCa) return { kind: 'unavailable' };
  const ciphers = config.cipherSuites.flatMap((suite) => suite.replace(/^\[|\]$/g, '').split('|'));
  const old = config.minVersion === 'TLSv1' || config.minVersion === 'TLSv1.1';
  try {
    const secureContext = tls.createSecureContext({
      cert: usable.map((secret) => secret.certificateChain),
      key: usable.map((secret) => secret.privateKey),
      minVersion: config.minVersion ?? 'TLSv1.2',
      maxVersion: config.maxVersion ?? 'TLSv1.3',
      honorCipherOrder: true,
      ...(roots ? { ca: roots.trustedCa } : {}),
      ...(roots?.crl ? { crl: roots.crl } : {}),
      ...(config.ecdhCurves.length > 0 ? { ecdhCurve: config.ecdhCurves.join(':') } : {}),
      // TLS 1.3 suites are not configurable in Envoy: its own stay on.
      ...(ciphers.length > 0 || old ? { ciphers: cipherList(ciphers, old) } : {}),
    });
    return { kind: 'ready', secureContext };
  } catch {
    return { kind: 'unavailable' };
  }
}

const tls13Ciphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** What TLS 1.0 and 1.1 sign with is below OpenSSL's security level: whoever asks for them wants them all the same. */
export const cipherList = (ciphers: readonly string[], old: boolean): string =>
  [...(ciphers.length > 0 ? [...tls13Ciphers, ...ciphers] : ['DEFAULT']), ...(old ? ['@SECLEVEL=0'] : [])].join(':');

/** Why a certificate cannot serve; undefined if it can. */
export function secretProblem(secret: SecretConfig): string | undefined {
  try {
    tls.createSecureContext({ cert: secret.certificateChain, key: secret.privateKey });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
