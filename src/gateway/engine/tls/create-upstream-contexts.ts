// TLS towards hosts: Node's secure contexts for clusters, made when first needed and again when a secret changes.
import tls from 'node:tls';
import type { SecretConfig, UpstreamTls } from '../config/engine-config.ts';
import { cipherList, secretProblem } from './create-tls-contexts.ts';

export type UpstreamContext =
  | { readonly kind: 'ready'; readonly secureContext: tls.SecureContext }
  /** A secret that it needs has not come, or cannot be used; `reason` is Envoy's word for it. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface UpstreamContexts {
  contextOf(config: UpstreamTls): UpstreamContext;
  apply(secrets: ReadonlyMap<string, SecretConfig>): void;
}

interface Cached {
  readonly versions: string;
  readonly context: UpstreamContext;
}

export function createUpstreamContexts(): UpstreamContexts {
  let secrets: ReadonlyMap<string, SecretConfig> = new Map();
  const cache = new WeakMap<UpstreamTls, Cached>();
  return {
    contextOf: (config) => {
      const names = [...config.certificates, ...(config.roots === undefined ? [] : [config.roots])];
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

const notSupplied: UpstreamContext = { kind: 'unavailable', reason: 'TLS error: Secret is not supplied by SDS' };

function buildContext(config: UpstreamTls, secrets: ReadonlyMap<string, SecretConfig>): UpstreamContext {
  const certificates = config.certificates.flatMap((name) => secrets.get(name) ?? []);
  const roots = config.roots === undefined ? undefined : secrets.get(config.roots);
  if (certificates.length < config.certificates.length || certificates.some((one) => secretProblem(one) !== undefined))
    return notSupplied;
  if (config.roots !== undefined && !roots?.trustedCa) return notSupplied;
  const ciphers = config.cipherSuites.flatMap((suite) => suite.replace(/^\[|\]$/g, '').split('|'));
  try {
    const secureContext = tls.createSecureContext({
      ...(certificates.length > 0 && {
        cert: certificates.map((one) => one.certificateChain),
        key: certificates.map((one) => one.privateKey),
      }),
      minVersion: config.minVersion ?? 'TLSv1.2',
      maxVersion: config.maxVersion ?? 'TLSv1.2',
      ...(roots ? { ca: roots.trustedCa } : {}),
      ...(roots?.crl ? { crl: roots.crl } : {}),
      ...(config.ecdhCurves.length > 0 ? { ecdhCurve: config.ecdhCurves.join(':') } : {}),
      ...(ciphers.length > 0 ? { ciphers: cipherList(ciphers, false) } : {}),
    });
    return { kind: 'ready', secureContext };
  } catch {
    return notSupplied;
  }
}
