// A destination as written → the cluster it means, and the Service port behind it if there is one.
import type { DestinationName, Model, ModelService, ModelServicePort } from './model.ts';
import type { Target } from './proxy-view.ts';

export interface ResolvedDestination {
  readonly target: Target;
  /** Undefined where no such Service exists, or the proxy may not see it. */
  readonly service: ModelService | undefined;
  /** Undefined where the Service lacks the port, or a subset is asked for. */
  readonly port: ModelServicePort | undefined;
}

/** An ExternalName may stand for another: that chain is followed so far. */
const maxAliases = 8;

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
  const hidden = proxyNamespace !== undefined && found?.visibleTo !== undefined && !found.visibleTo.has(proxyNamespace);
  const service = found === undefined || hidden || found.alias !== undefined ? undefined : found;
  const only = service?.ports.length === 1 ? service.ports[0]?.port : undefined;
  const port = destination.port ?? only ?? gatewayPort;
  return {
    target: { host, port, subset: destination.subset },
    service,
    port: destination.subset === '' ? service?.ports.find((candidate) => candidate.port === port) : undefined,
  };
}
