// The Secrets a proxy's TLS servers name: which it may have and can use, and what is wrong with the others.
import { type Diagnostic, formatResourceRef } from '../../lib/diagnostic.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { Model, ModelSecret, ServerCertificate } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { SecretView } from './proxy-view.ts';
import { report } from './report.ts';

type NamedSecret = Extract<ServerCertificate, { kind: 'secret' }>;

export interface SecretsResult {
  readonly secrets: readonly SecretView[];
  readonly diagnostics: readonly Diagnostic[];
}

function missing(placed: PlacedServer, key: string, reason: string): Diagnostic {
  const { gateway, server } = placed;
  const hosts = server.hosts.map(({ host }) => host).join(', ');
  return report(gateway.resource, {
    severity: 'error',
    code: 'TG0015',
    path: ['spec', 'servers', server.index, 'tls', 'credentialName'],
    message: `The Secret ${key} ${reason}: TLS connections for ${hosts} on port ${server.port} are closed; other servers are served.`,
    remedy: `Create it in the gateway's namespace, with type kubernetes.io/tls: kubectl create secret tls.`,
  });
}

function unusable(placed: PlacedServer, secret: ModelSecret): Diagnostic | undefined {
  if (secret.result.kind === 'pair') return undefined;
  const { key, reason } = secret.result;
  const user = `${formatResourceRef(placed.gateway.ref)} port ${placed.server.port} (${placed.server.portName})`;
  const effect = secret.lastGood
    ? 'the certificate it held before is still served'
    : 'TLS connections for its hosts are closed, other servers are served';
  return report(secret.resource, {
    severity: 'error',
    code: 'TG0015',
    path: key === undefined ? ['data'] : ['data', key],
    message: `${user} cannot use this Secret: ${reason}; ${effect}.`,
    remedy: 'Put a matching certificate chain and private key into it, in PEM.',
  });
}

function expiry(secret: ModelSecret, now: number): Diagnostic | undefined {
  const pair = secret.result.kind === 'pair' ? secret.result.pair : undefined;
  if (pair === undefined || (now >= pair.validFrom && now <= pair.validTo)) return undefined;
  const [state, date] = now > pair.validTo ? ['expired', pair.validTo] : ['not valid before', pair.validFrom];
  return report(secret.resource, {
    severity: 'warning',
    code: 'TG0014',
    path: ['data'],
    message: `The certificate is ${state}${state === 'expired' ? ' since' : ''} ${new Date(date).toISOString()}; it is served, and clients will refuse it.`,
    remedy: 'Renew the certificate.',
  });
}

/** Pilot sends a Secret only to proxies of its own namespace. */
function lookUp(model: Model, proxyClass: ProxyClass, certificate: NamedSecret): ModelSecret | string {
  const namespace = certificate.namespace ?? proxyClass.namespace;
  if (namespace !== proxyClass.namespace)
    return `is in another namespace than the gateway (${proxyClass.namespace}), which may not read it`;
  return model.certificates.get(`${namespace}/${certificate.name}`) ?? 'does not exist';
}

export function selectSecrets(model: Model, proxyClass: ProxyClass, servers: readonly PlacedServer[]): SecretsResult {
  const secrets = new Map<string, SecretView>();
  const diagnostics: Diagnostic[] = [];
  for (const placed of servers) {
    const { certificate } = placed.server;
    if (certificate?.kind !== 'secret') continue;
    const secret = lookUp(model, proxyClass, certificate);
    if (typeof secret === 'string') {
      const key = `${certificate.namespace ?? proxyClass.namespace}/${certificate.name}`;
      diagnostics.push(missing(placed, key, secret));
      continue;
    }
    for (const found of [unusable(placed, secret), expiry(secret, model.builtAt)])
      if (found !== undefined) diagnostics.push(found);
    const usable = secret.result.kind === 'pair' ? secret.result : secret.lastGood;
    if (usable !== undefined)
      secrets.set(certificate.credentialName, {
        credentialName: certificate.credentialName,
        pair: usable.pair,
        owner: secret.ref,
      });
  }
  return { secrets: [...secrets.values()], diagnostics };
}
