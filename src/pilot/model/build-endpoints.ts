// The addresses behind one Service port: from EndpointSlices, else Endpoints, else the Pods its selector finds.
import type { EndpointPort } from '../resources/endpoints.ts';
import type { Resource } from '../resources/resource.ts';
import type { ServicePort } from '../resources/service.ts';
import type { ModelEndpoint } from './model.ts';
import { selectorMatches } from './proxy-class.ts';

/** What belongs to one Service; lists keep their identity while nothing in them changes. */
export interface EndpointSources {
  readonly slices: readonly Resource<'EndpointSlice'>[];
  readonly endpoints: Resource<'Endpoints'> | undefined;
  readonly pods: readonly Resource<'Pod'>[];
}

const isTcp = (port: { readonly protocol: string }): boolean => port.protocol === 'TCP';

/** A port with the Service port's name; where both sides have only one, their names may differ as they please. */
function matchPort(service: readonly ServicePort[], port: ServicePort, offered: readonly EndpointPort[]) {
  const tcp = offered.filter(isTcp);
  const named = tcp.find((candidate) => candidate.name === port.name);
  if (named !== undefined) return named;
  return service.length === 1 && tcp.length === 1 && (port.name === '' || tcp[0]?.name === '') ? tcp[0] : undefined;
}

const fixedPort = (port: ServicePort): number => (typeof port.targetPort === 'number' ? port.targetPort : port.port);

function portNumber(service: Resource<'Service'>, port: ServicePort, offered: readonly EndpointPort[]) {
  const match = matchPort(service.spec.ports, port, offered);
  return match === undefined ? undefined : (match.port ?? fixedPort(port));
}

function fromSlices(service: Resource<'Service'>, port: ServicePort, slices: EndpointSources['slices']) {
  const found: ModelEndpoint[] = [];
  for (const { spec } of slices) {
    if (spec.addressType === 'FQDN') continue;
    // A slice without ports means all ports (headless Services without ports have such).
    const number = spec.ports.length === 0 ? fixedPort(port) : portNumber(service, port, spec.ports);
    if (number === undefined) continue;
    for (const endpoint of spec.endpoints)
      if (endpoint.ready || service.spec.publishNotReadyAddresses)
        for (const address of endpoint.addresses) found.push({ address, port: number });
  }
  return found;
}

function fromEndpoints(service: Resource<'Service'>, port: ServicePort, endpoints: Resource<'Endpoints'>) {
  return endpoints.spec.subsets.flatMap((subset) => {
    const number = portNumber(service, port, subset.ports);
    if (number === undefined) return [];
    const notReady = service.spec.publishNotReadyAddresses ? subset.notReadyAddresses : [];
    return [...subset.addresses, ...notReady].map(({ ip }) => ({ address: ip, port: number }));
  });
}

/** The number of a container port with that name. */
export function namedPort(pod: Resource<'Pod'>, name: string): number | undefined {
  return pod.spec.containerPorts.find((port) => port.name === name && isTcp(port))?.containerPort;
}

function fromPods(service: Resource<'Service'>, port: ServicePort, pods: readonly Resource<'Pod'>[]) {
  return pods.flatMap((pod) => {
    const { podIP, ready } = pod.spec;
    const number = typeof port.targetPort === 'number' ? port.targetPort : namedPort(pod, port.targetPort);
    if (podIP === undefined || number === undefined) return [];
    return ready || service.spec.publishNotReadyAddresses ? [{ address: podIP, port: number }] : [];
  });
}

export function selectPods(service: Resource<'Service'>, pods: readonly Resource<'Pod'>[]): readonly Resource<'Pod'>[] {
  const { selector } = service.spec;
  return Object.keys(selector).length === 0 ? [] : pods.filter((pod) => selectorMatches(selector, pod.metadata.labels));
}

const compareEndpoints = (a: ModelEndpoint, b: ModelEndpoint): number =>
  (a.address < b.address ? -1 : a.address > b.address ? 1 : 0) || a.port - b.port;

/** Each address once, in order; unready and terminating ones are left out, as Istio does. */
export function buildEndpoints(
  service: Resource<'Service'>,
  port: ServicePort,
  sources: EndpointSources,
): readonly ModelEndpoint[] {
  const found =
    sources.slices.length > 0
      ? fromSlices(service, port, sources.slices)
      : sources.endpoints !== undefined
        ? fromEndpoints(service, port, sources.endpoints)
        : fromPods(service, port, sources.pods);
  const unique = new Map(found.map((endpoint) => [`${endpoint.address} ${endpoint.port}`, endpoint]));
  return [...unique.values()].sort(compareEndpoints);
}
