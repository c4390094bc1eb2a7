// A Gateway port → the port the listener gets: through the Service in front of the gateway, as Istio does it.
import { compareResources } from './compare-resources.ts';
import type { Model, ModelService, ModelServicePort } from './model.ts';
import { type ProxyClass, selectorMatches } from './proxy-class.ts';

export interface ResolvedPort {
  readonly targetPort: number;
  /** Undefined where no Service maps the port. */
  readonly service: ModelService | undefined;
  readonly servicePort: ModelServicePort | undefined;
}

/** Services of the proxy's namespace whose selector finds the proxy's pod, in order of precedence. */
export function servicesInFront(services: Model['services'], proxyClass: ProxyClass): readonly ModelService[] {
  return [...services.values()]
    .filter(
      ({ namespace, selector }) =>
        namespace === proxyClass.namespace &&
        Object.keys(selector).length > 0 &&
        selectorMatches(selector, proxyClass.labels),
    )
    .sort((a, b) => compareResources(a.resource, b.resource));
}

/** The first Service port with the Gateway port's number decides; without one the Gateway port is bound as it is. */
export function resolvePort(inFront: readonly ModelService[], gatewayPort: number): ResolvedPort {
  for (const service of inFront) {
    const servicePort = service.ports.find(({ port }) => port === gatewayPort);
    if (servicePort === undefined) continue;
    const targetPort = service.translatesPorts ? (servicePort.targetPort ?? gatewayPort) : gatewayPort;
    return { targetPort, service, servicePort };
  }
  return { targetPort: gatewayPort, service: undefined, servicePort: undefined };
}
