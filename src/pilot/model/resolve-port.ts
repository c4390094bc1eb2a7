// A Gateway port → the port the listener gets: through the Service in front of the gateway, as Istio does it.
import type { ModelService, ModelServicePort } from './model.ts';
import { type ProxyClass, selectorMatches } from './proxy-class.ts';

export interface ResolvedPort {
  readonly targetPort: number;
  /** Undefined where no Service maps the port. */
  readonly service: ModelService | undefined;
  readonly servicePort: ModelServicePort | undefined;
}

/** A Service of the proxy's namespace whose selector finds the proxy's pod. */
export const isInFront = ({ namespace, selector }: ModelService, proxyClass: ProxyClass): boolean =>
  namespace === proxyClass.namespace &&
  Object.keys(selector).length > 0 &&
  selectorMatches(selector, proxyClass.labels);

/** `inFront`: in order of precedence. The first Service port with the Gateway port's number decides; without one the Gateway port is bound as it is. */
export function resolvePort(inFront: readonly ModelService[], gatewayPort: number): ResolvedPort {
  for (const service of inFront) {
    const servicePort = service.ports.find(({ port }) => port === gatewayPort);
    if (servicePort === undefined) continue;
    const targetPort = service.translatesPorts ? (servicePort.targetPort ?? gatewayPort) : gatewayPort;
    return { targetPort, service, servicePort };
  }
  return { targetPort: gatewayPort, service: undefined, servicePort: undefined };
}
