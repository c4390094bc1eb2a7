// The Secrets a proxy's TLS servers name: which it may have and can use, and what is wrong with the others.
import { type Diagnostic, formatResourceRef, type ResourceRef } from '../../lib/diagnostic.ts';
import { type FieldPath, type Resource, resourceRef } from '../resources/resource.ts';
import { rootsSuffix } from './credential-names.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { Model, ModelSecret, NamedSecret, RootCertificates, ServerCertificate } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { ClusterView, SecretView } from './proxy-view.ts';
import { report } from './report.ts';

export interface SecretsResult {
  readonly secrets: readonly SecretView[];
  readonly diagnostics: readonly Diagnostic[];
  /** Milliseconds since 1970: when a certificate begins or ends to be valid, and something else is to be said. */
  readonly until: number;
}

/** Whoever names Secrets: a server of a Gateway, or a DestinationRule for a host. */
interface SecretUser {
  readonly certificates: readonly ServerCertificate[];
  readonly roots: RootCertificates | undefined;
  readonly resource: Resource;
  /** What the fields of its names are inside of. */
  readonly path: FieldPath;
  /** As a sentence about the Secret begins. */
  readonly label: string;
  /** What comes of it where a Secret cannot be used; a clause. */
  readonly consequence: string;
  /** What its authorities sign. */
  readonly signed: string;
}

function serverUser({ gateway, server }: PlacedServer): SecretUser {
  const hosts = server.hosts.map(({ host }) => host).join(', ');
  return {
    certificates: server.tls?.certificates ?? [],
    roots: server.tls?.validation?.roots,
    resource: gateway.resource,
    path: server.path,
    label: `${formatResourceRef(gateway.ref)} port ${server.port} (${server.portName})`,
    consequence: `TLS connections for ${hosts} on port ${server.port} are closed; other servers are served`,
    signed: 'client certificates',
  };
}

function clusterUser({ service, tls, rule, policy }: ClusterView): SecretUser | undefined {
  const written = policy.tls;
  if (typeof tls !== 'object' || written === undefined || !('source' in written)) return undefined;
  const { name } = written.source;
  const resource = rule?.resources.find((candidate) => candidate.metadata.name === name);
  if (resource === undefined) return undefined;
  return {
    certificates: tls.certificate === undefined ? [] : [tls.certificate],
    roots: tls.roots,
    resource,
    path: written.path,
    label: formatResourceRef(resourceRef(resource)),
    consequence: `requests to ${service.host} are answered with 503`,
    signed: "the endpoints' certificates",
  };
}

function missing(user: SecretUser, named: NamedSecret, key: string, reason: string): Diagnostic {
  return report(user.resource, {
    severity: 'error',
    code: 'TG0015',
    path: [...user.path, ...named.field],
    message: `The Secret ${key} ${reason}: ${user.consequence}.`,
    remedy: `Create it in the gateway's namespace, with type kubernetes.io/tls: kubectl create secret tls.`,
  });
}

interface Problem {
  readonly kind: 'problem';
  readonly key: string | undefined;
  readonly reason: string;
}

function unusable(
  user: SecretUser,
  secret: Pick<ModelSecret, 'resource'> & { readonly lastGood: unknown },
  { key, reason }: Problem,
  remedy: string,
): Diagnostic {
  const effect = secret.lastGood ? 'what it held before is still served' : user.consequence;
  return report(secret.resource, {
    severity: 'error',
    code: 'TG0015',
    path: key === undefined ? ['data'] : ['data', key],
    message: `${user.label} cannot use this Secret: ${reason}; ${effect}.`,
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

/** When what `expiry` says of it changes next. */
function nextTurn({ result }: ModelSecret, now: number): number {
  if (result.kind !== 'pair') return Number.POSITIVE_INFINITY;
  const turns = [result.pair.validFrom, result.pair.validTo + 1];
  return Math.min(...turns.filter((turn) => turn > now));
}

export function selectSecrets(
  model: Pick<Model, 'certificates' | 'roots' | 'builtAt'>,
  proxyClass: ProxyClass,
  servers: readonly PlacedServer[],
  clusters: readonly ClusterView[],
): SecretsResult {
  let until = Number.POSITIVE_INFINITY;
  const secrets = new Map<string, SecretView>();
  const diagnostics: Diagnostic[] = [];
  const tell = (...found: readonly (Diagnostic | undefined)[]): void => {
    for (const diagnostic of found) if (diagnostic !== undefined) diagnostics.push(diagnostic);
  };
  const keyOf = ({ namespace, name }: NamedSecret): string => `${namespace ?? proxyClass.namespace}/${name}`;
  for (const user of [...servers.map(serverUser), ...clusters.flatMap((cluster) => clusterUser(cluster) ?? [])]) {
    for (const certificate of user.certificates) {
      if (certificate.kind !== 'secret') continue;
      const secret = lookUp(model.certificates, proxyClass, certificate, ['']);
      if (typeof secret === 'string') {
        tell(missing(user, certificate, keyOf(certificate), secret));
        continue;
      }
      const remedy = 'Put a matching certificate chain and private key into it, in PEM.';
      if (secret.result.kind === 'problem') tell(unusable(user, secret, secret.result, remedy));
      tell(expiry(secret, model.builtAt));
      until = Math.min(until, nextTurn(secret, model.builtAt));
      add(secrets, certificate, secret.result.kind === 'pair' ? secret.result : secret.lastGood, secret.ref);
    }
    const { roots } = user;
    if (roots?.kind !== 'secret') continue;
    const secret = lookUp(model.roots, proxyClass, roots, [rootsSuffix, '']);
    if (typeof secret === 'string') {
      tell(missing(user, roots, keyOf(roots), secret));
      continue;
    }
    const remedy = `Put the certificates of the authorities that sign ${user.signed} into ca.crt, in PEM.`;
    if (secret.result.kind === 'problem') tell(unusable(user, secret, secret.result, remedy));
    add(secrets, roots, secret.result.kind === 'roots' ? secret.result : secret.lastGood, secret.ref);
  }
  return { secrets: [...secrets.values()], diagnostics, until };
}

function add(
  secrets: Map<string, SecretView>,
  secret: NamedSecret,
  content: SecretView['content'] | undefined,
  owner: ResourceRef,
): void {
  const { credentialName, sharedBy = '' } = secret;
  if (content === undefined) return;
  const known = views.get(content);
  const isSame = known?.secret === secret && known.owner === owner;
  const view = isSame ? known : { secret, content, owner };
  views.set(content, view);
  secrets.set(`${sharedBy} ${credentialName}`, view);
}

/** Most Secrets have one user: what is made of it is made once. */
const views = new WeakMap<SecretView['content'], SecretView>();
