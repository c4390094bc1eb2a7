// A destination as written → the cluster it means, if there is one: the Service port behind it, and the rule that it follows.
import type { ClientTls } from '../resources/destination-rule.ts';
import { buildUpstreamTls } from './build-upstream-tls.ts';
import { clusterPolicy } from './cluster-policy.ts';
import type { ClusterView, Target } from './cluster-view.ts';
import { isExportedTo } from './export-to.ts';
import type { DestinationName, Model, ModelService, ModelServicePort } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import { selectDestinationRule } from './select-destination-rule.ts';

export interface ResolvedDestination {
  readonly target: Target;
  /** Undefined where no such Service exists, or the proxy may not see it. */
  readonly service: ModelService | undefined;
  /** Undefined where the Service lacks the port. */
  readonly port: ModelServicePort | undefined;
}

/** An ExternalName may stand for another: that chain is followed so far. */
export const maxAliases = 8;

/** The host that an ExternalName finally stands for. A loop ends at one of its own names, which has no ports. */
function followAliases(services: Model['services'], host: string): string {
  let current = host;
  for (let i = 0; i < maxAliases; i += 1) {
    const alias = services.get(current)?.alias;
    if (alias === undefined) return current;
    current = alias;
  }
  return current;
}

/**
 * Istio's rule for the port: the one given, else the Service's only one, else the Gateway's (which then rarely exists).
 * `proxyNamespace` undefined: as somebody who sees everything.
 */
export function resolveDestination(
  services: Model['services'],
  destination: DestinationName,
  gatewayPort: number,
  proxyNamespace: string | undefined,
): ResolvedDestination {
  const host = followAliases(services, destination.host);
  const found = services.get(host);
  const isUsable = found !== undefined && found.alias === undefined && isExportedTo(found.exportTo, proxyNamespace);
  const service = isUsable ? found : undefined;
  const only = service?.ports.length === 1 ? service.ports[0]?.port : undefined;
  const port = destination.port ?? only ?? gatewayPort;
  return {
    target: { host, port, subset: destination.subset },
    service,
    port: service?.ports.find((candidate) => candidate.port === port),
  };
}

/** A ServiceEntry's names count where the rule has none. */
function tlsOf({ subjectAltNames }: ModelService, written: ClientTls | undefined): ClusterView['tls'] {
  const tls = buildUpstreamTls(written);
  return typeof tls === 'object' && tls.subjectAltNames.length === 0 ? { ...tls, subjectAltNames } : tls;
}

/** Undefined where the proxy's DestinationRule has no such subset. */
export function clusterOf(
  model: Pick<Model, 'destinationRules' | 'mesh'>,
  {
    service,
    port,
    subset,
  }: { readonly service: ModelService; readonly port: ModelServicePort; readonly subset: string },
  proxy: Pick<ProxyClass, 'namespace' | 'labels'>,
): ClusterView | undefined {
  const rule = selectDestinationRule(model, service, proxy);
  const found = rule?.subsets.find(({ name }) => name === subset);
  if (subset !== '' && found === undefined) return undefined;
  // Nothing is known of such endpoints that could tell them apart.
  if (subset !== '' && service.discovery === 'named by requests') return undefined;
  const policy = clusterPolicy(rule, subset, port.port);
  return { service, port, subset: found, rule, policy, tls: tlsOf(service, policy.tls) };
}
