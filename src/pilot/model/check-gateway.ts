// What stands in front of a Gateway: does a Service bring the traffic to its ports?
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { ModelGateway, ModelService } from './model.ts';
import { report } from './report.ts';

/** Without the gateway's pod at hand: selectors that share a label and contradict each other in none. */
export function mayFront(service: ModelService, selector: ModelGateway['selector']): boolean {
  const common = Object.keys(selector).filter((name) => Object.hasOwn(service.selector, name));
  return common.length > 0 && common.every((name) => selector[name] === service.selector[name]);
}

/** `candidates`: all Services that may stand in front of some Gateway. */
export function checkGateway(candidates: readonly ModelService[], gateway: ModelGateway): readonly Diagnostic[] {
  const services = candidates.filter((service) => mayFront(service, gateway.selector));
  if (services.length === 0) return [];
  const offered = new Set(services.flatMap(({ ports }) => ports.map(({ port }) => port)));
  const names = services.map(({ namespace, name }) => `${namespace}/${name}`).sort();
  return gateway.servers
    .filter(({ port }) => !offered.has(port))
    .map(({ port, path }) =>
      report(gateway.resource, {
        severity: 'warning',
        code: 'IST0162',
        path: [...path, 'port', 'number'],
        message: `Service ${names.join(', ')} has no port ${port}: the gateway listens on it, but in a cluster nothing sends traffic there.`,
        remedy: `Add port ${port} to the Service, or use one of its ports (${[...offered].sort((a, b) => a - b).join(', ')}).`,
      }),
    );
}
