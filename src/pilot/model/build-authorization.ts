// Who may do what at a class of gateways: its policies, and for action CUSTOM the provider that is asked and its cluster.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { Resource } from '../resources/resource.ts';
import type { ClusterView, Target } from './cluster-view.ts';
import type { ExtAuthzProvider } from './mesh-settings.ts';
import type { Model } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import { report } from './report.ts';
import { clusterOf, resolveDestination } from './resolve-destination.ts';
import {
  type AuthorizationPolicy,
  policyOf,
  type SelectedPolicies,
  selectAuthorizationPolicies,
} from './select-authorization-policies.ts';

export interface Authorization extends Omit<SelectedPolicies, 'custom'> {
  /** One for each provider that is named, sorted by name. */
  readonly custom: readonly CustomAuthorization[];
}

export interface CustomAuthorization {
  readonly provider: string;
  readonly policies: readonly AuthorizationPolicy[];
  /** Undefined: nobody can be asked, and what the rules match is denied. */
  readonly service: AuthorizationService | undefined;
}

export interface AuthorizationService {
  readonly settings: ExtAuthzProvider;
  /** Where it is. */
  readonly target: Target;
}

export interface AuthorizationResult {
  readonly authorization: Authorization;
  /** Of the providers: no route leads to them. */
  readonly clusters: readonly ClusterView[];
  readonly diagnostics: readonly Diagnostic[];
}

type Found =
  | { readonly kind: 'found'; readonly service: AuthorizationService; readonly cluster: ClusterView }
  /** Completes "Nobody can be asked: …". */
  | { readonly kind: 'missing'; readonly reason: string };

const missing = (reason: string): Found => ({ kind: 'missing', reason });

/** So many names help; more hide what is said. */
const maxNames = 5;

function known({ mesh }: Model): string {
  const names = mesh.extAuthzProviders.flatMap((one) => (one.problem === undefined ? [one.name] : []));
  if (names.length === 0) return ' that decides about requests';
  return `, but ${names.slice(0, maxNames).join(', ')}${names.length > maxNames ? ' and others' : ''}`;
}

function findService(model: Model, proxyClass: ProxyClass, name: string): Found {
  const { extAuthzProviders } = model.mesh;
  // Of two with one name the last counts, and has the problem.
  const settings = extAuthzProviders.findLast((provider) => provider.name === name);
  if (settings === undefined)
    return missing(`the mesh settings have no extension provider ${JSON.stringify(name)}${known(model)}`);
  if (settings.problem !== undefined) return missing(`its extension provider is broken (${settings.problem})`);
  const parts = settings.service.split('/');
  const host = (parts.at(-1) ?? '').toLowerCase();
  const { target, service, port } = resolveDestination(
    model.serviceShapes,
    { host, port: settings.port, subset: '' },
    settings.port,
    proxyClass.namespace,
  );
  const written = model.serviceShapes.get(host);
  if (written === undefined || (parts.length === 2 && written.namespace !== parts[0]) || service === undefined)
    return missing(`the service ${settings.service} of its extension provider does not exist`);
  const cluster = port && clusterOf(model, { service, port, subset: '' }, proxyClass);
  if (cluster === undefined)
    return missing(`the service ${settings.service} of its extension provider has no port ${settings.port}`);
  return { kind: 'found', service: { settings, target }, cluster };
}

const unusable = (policy: Resource<'AuthorizationPolicy'>, reason: string, remedy: string): Diagnostic =>
  report(policy, {
    severity: 'error',
    code: 'TG0030',
    path: ['spec', 'provider', 'name'],
    message: `Nobody can be asked about what the policy is for: ${reason}. It is denied.`,
    remedy,
  });

/** Several at one gateway are Istio's error too: none of them is asked. */
function conflict(
  policies: readonly Resource<'AuthorizationPolicy'>[],
  names: readonly string[],
): readonly Diagnostic[] {
  const reason = `the gateway has policies with the providers ${names.join(', ')}, and Istio asks only one`;
  return policies.map((policy) => unusable(policy, reason, 'Name the same provider in all of them.'));
}

export function buildAuthorization(model: Model, proxyClass: ProxyClass): AuthorizationResult {
  const { custom: policies, ...others } = selectAuthorizationPolicies(
    model.authorizationPolicies,
    model.mesh,
    proxyClass,
  );
  const byProvider = Map.groupBy(policies, ({ spec }) => spec.provider);
  const names = [...byProvider.keys()].sort();
  const found = new Map(names.map((name) => [name, findService(model, proxyClass, name)]));
  const hasOne = names.length === 1;
  const custom = names.map((provider): CustomAuthorization => {
    const one = found.get(provider);
    return {
      provider,
      policies: (byProvider.get(provider) ?? []).map((policy) => policyOf(policy, model.mesh)),
      service: hasOne && one?.kind === 'found' ? one.service : undefined,
    };
  });
  const diagnostics = policies.flatMap((policy) => {
    const one = found.get(policy.spec.provider);
    // The parser has said what there is to say of a policy that names none.
    if (one?.kind !== 'missing' || policy.spec.provider === '') return [];
    return [unusable(policy, one.reason, 'Define the provider in extensionProviders of the mesh settings.')];
  });
  return {
    authorization: { ...others, custom },
    clusters: custom.flatMap(({ provider, service }) => {
      const one = found.get(provider);
      return service !== undefined && one?.kind === 'found' ? [one.cluster] : [];
    }),
    diagnostics: [...(names.length > 1 ? conflict(policies, names) : []), ...diagnostics],
  };
}

/** Connections have no requests that a provider could be asked about in HTTP: Istio lets them in without a word. */
export function uncheckedConnections(
  model: Model,
  { custom }: Authorization,
  ports: readonly number[],
): readonly Diagnostic[] {
  if (ports.length === 0) return [];
  const unchecked = new Set(
    custom
      .filter(({ service }) => service?.settings.http !== undefined)
      .flatMap((one) => one.policies.map(({ ref }) => `${ref.namespace}/${ref.name}`)),
  );
  return model.authorizationPolicies
    .filter(({ metadata }) => unchecked.has(`${metadata.namespace}/${metadata.name}`))
    .map((policy) =>
      report(policy, {
        severity: 'warning',
        code: 'TG0031',
        path: ['spec', 'provider', 'name'],
        message: `The provider is asked in HTTP and cannot be asked about connections: those to TCP port ${[...new Set(ports)].join(', ')} are let in unasked.`,
        remedy: 'Use a provider of kind envoyExtAuthzGrpc, or a policy with action DENY or ALLOW for these ports.',
      }),
    );
}
