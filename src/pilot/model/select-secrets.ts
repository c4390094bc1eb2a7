// The Secrets a proxy's TLS servers name: which it may have and can use, and what is wrong with the others.
import { type Diagnostic, formatResourceRef, type ResourceRef } from '../../lib/diagnostic.ts';
import { rootsSuffix } from './build-server-tls.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { Model, ModelSecret, NamedSecret } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { SecretView } from './proxy-view.ts';
import { report } from './report.ts';

export interface SecretsResult {
  readonly secrets: readonly SecretView[];
  readonly diagnostics: readonly Diagnostic[];
}

function missing(placed: PlacedServer, named: NamedSecret, key: string, reason: string): Diagnostic {
  const { gateway, server } = placed;
  const hosts = server.hosts.map(({ host }) => host).join(', ');
  return report(gateway.resource, {
    severity: 'error',
    code: 'TG0015',
    path: [...server.path, ...named.field],
    message: `The Secret ${key} ${reason}: TLS connections for ${hosts} on port ${server.port} are closed; other servers are served.`,
    remedy: `Create it in the gateway's namespace, with type kubernetes.io/tls: kubectl create secret tls.`,
  });
}

interface Problem {
  readonly kind: 'problem';
  readonly key: string | undefined;
  readonly reason: string;
}

function unusable(
  placed: PlacedServer,
  secret: Pick<ModelSecret, 'resource'> & { readonly lastGood: unknown },
  { key, reason }: Problem,
  remedy: string,
): Diagnostic {
  const user = `${formatResourceRef(placed.gateway.ref)} port ${placed.server.port} (${placed.server.portName})`;
  const effect = secret.lastGood
    ? 'what it held before is still served'
    : 'TLS connections for its hosts are closed, other servers are served';
  return report(secret.resource, {
    severity: 'error',
    code: 'TG0015',
    path: key === undefined ? ['data'] : ['data', key],
    message: `${user} cannot use this Secret: ${reason}; ${effect}.`,
    remedy,
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
function lookUp<Secret>(
  secrets: ReadonlyMap<string, Secret>,
  proxyClass: ProxyClass,
  named: NamedSecret,
  suffixes: readonly string[],
): Secret | string {
  const namespace = named.namespace ?? proxyClass.namespace;
  if (namespace !== proxyClass.namespace && namespace !== named.sharedBy)
    return `is in another namespace than the gateway (${proxyClass.namespace}), which may not read it`;
  for (const suffix of suffixes) {
    const found = secrets.get(`${namespace}/${named.name}${suffix}`);
    if (found !== undefined) return found;
  }
  return 'does not exist';
}

export function selectSecrets(model: Model, proxyClass: ProxyClass, servers: readonly PlacedServer[]): SecretsResult {
  const secrets = new Map<string, SecretView>();
  const diagnostics: Diagnostic[] = [];
  const tell = (...found: readonly (Diagnostic | undefined)[]): void => {
    for (const diagnostic of found) if (diagnostic !== undefined) diagnostics.push(diagnostic);
  };
  const keyOf = ({ namespace, name }: NamedSecret): string => `${namespace ?? proxyClass.namespace}/${name}`;
  for (const placed of servers) {
    const { tls } = placed.server;
    for (const certificate of tls?.certificates ?? []) {
      if (certificate.kind !== 'secret') continue;
      const secret = lookUp(model.certificates, proxyClass, certificate, ['']);
      if (typeof secret === 'string') {
        tell(missing(placed, certificate, keyOf(certificate), secret));
        continue;
      }
      const remedy = 'Put a matching certificate chain and private key into it, in PEM.';
      if (secret.result.kind === 'problem') tell(unusable(placed, secret, secret.result, remedy));
      tell(expiry(secret, model.builtAt));
      add(secrets, certificate, secret.result.kind === 'pair' ? secret.result : secret.lastGood, secret.ref);
    }
    const roots = tls?.validation?.roots;
    if (roots?.kind !== 'secret') continue;
    const secret = lookUp(model.roots, proxyClass, roots, [rootsSuffix, '']);
    if (typeof secret === 'string') {
      tell(missing(placed, roots, keyOf(roots), secret));
      continue;
    }
    const remedy = 'Put the certificates of the authorities that sign client certificates into ca.crt, in PEM.';
    if (secret.result.kind === 'problem') tell(unusable(placed, secret, secret.result, remedy));
    add(secrets, roots, secret.result.kind === 'roots' ? secret.result : secret.lastGood, secret.ref);
  }
  return { secrets: [...secrets.values()], diagnostics };
}

function add(
  secrets: Map<string, SecretView>,
  secret: NamedSecret,
  content: SecretView['content'] | undefined,
  owner: ResourceRef,
): void {
  const { credentialName, sharedBy = '' } = secret;
  if (content !== undefined) secrets.set(`${sharedBy} ${credentialName}`, { secret, content, owner });
}
