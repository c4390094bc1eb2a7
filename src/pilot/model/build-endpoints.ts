// The addresses behind one Service port: from EndpointSlices, else Endpoints, else the Pods its selector finds.
import type { EndpointPort } from '../resources/endpoints.ts';
import type { Resource } from '../resources/resource.ts';
import type { ServicePort } from '../resources/service.ts';
import { endpointPlace, type NodeIndex, workloadPlace } from './locality.ts';
import type { ModelEndpoint } from './model.ts';
import type { PodIndex } from './pod-index.ts';
import { selectorMatches } from './proxy-class.ts';

/** What belongs to one Service; lists keep their identity while nothing in them changes. */
export interface EndpointSources {
  readonly slices: readonly Resource<'EndpointSlice'>[];
  readonly endpoints: Resource<'Endpoints'> | undefined;
  /** Those that the Service's selector finds. */
  readonly pods: readonly Resource<'Pod'>[];
  /** Those that the Service's selector finds. */
  readonly workloadEntries: readonly Resource<'WorkloadEntry'>[];
  /** One for each address of `slices`, or else of `endpoints`, in their order. */
  readonly backing: readonly (Resource<'Pod'> | undefined)[];
  readonly nodes: NodeIndex;
}

/** Every address with what it says of its Pod, ready or not. */
export function backingPods(
  { slices, endpoints }: Pick<EndpointSources, 'slices' | 'endpoints'>,
  pods: PodIndex,
): EndpointSources['backing'] {
  if (slices.length > 0)
    return slices.flatMap(({ metadata, spec }) =>
      spec.endpoints.flatMap(({ addresses, targetRef }) =>
        addresses.map((address) => pods.behind(metadata.namespace, address, targetRef)),
      ),
    );
  if (endpoints === undefined) return [];
  const { namespace } = endpoints.metadata;
  return endpoints.spec.subsets.flatMap(({ addresses, notReadyAddresses }) =>
    [...addresses, ...notReadyAddresses].map(({ ip, targetRef }) => pods.behind(namespace, ip, targetRef)),
  );
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

/** What was found, and whether it may get requests: those that may not still count where zones are compared. */
interface FoundEndpoint extends ModelEndpoint {
  readonly usable: boolean;
}

function fromSlices(service: Resource<'Service'>, port: ServicePort, { slices, backing, nodes }: EndpointSources) {
  const found: FoundEndpoint[] = [];
  let index = 0;
  for (const { spec } of slices) {
    // A slice without ports means all ports (headless Services without ports have such).
    const number = spec.ports.length === 0 ? fixedPort(port) : portNumber(service, port, spec.ports);
    for (const endpoint of spec.endpoints)
      for (const address of endpoint.addresses) {
        const place = endpointPlace(nodes, backing[index], endpoint);
        index += 1;
        if (number === undefined || spec.addressType === 'FQDN') continue;
        const usable = endpoint.ready || service.spec.publishNotReadyAddresses;
        if (usable || !endpoint.terminating) found.push({ ...place, address, port: number, weight: 1, usable });
      }
  }
  return found;
}

function fromEndpoints(
  service: Resource<'Service'>,
  port: ServicePort,
  endpoints: Resource<'Endpoints'>,
  { backing, nodes }: EndpointSources,
) {
  const found: FoundEndpoint[] = [];
  let index = 0;
  for (const { addresses, notReadyAddresses, ports } of endpoints.spec.subsets) {
    const number = portNumber(service, port, ports);
    for (const [i, address] of [...addresses, ...notReadyAddresses].entries()) {
      const place = endpointPlace(nodes, backing[index], address);
      index += 1;
      const usable = i < addresses.length || service.spec.publishNotReadyAddresses;
      if (number !== undefined) found.push({ ...place, address: address.ip, port: number, weight: 1, usable });
    }
  }
  return found;
}

/** The number of a container port with that name. */
export function namedPort(pod: Resource<'Pod'>, name: string): number | undefined {
  return pod.spec.containerPorts.find((port) => port.name === name && isTcp(port))?.containerPort;
}

function fromPods(
  service: Resource<'Service'>,
  port: ServicePort,
  { pods, nodes }: EndpointSources,
): readonly FoundEndpoint[] {
  return pods.flatMap((pod) => {
    const { podIP, ready } = pod.spec;
    const number = typeof port.targetPort === 'number' ? port.targetPort : namedPort(pod, port.targetPort);
    if (podIP === undefined || number === undefined) return [];
    return ready || service.spec.publishNotReadyAddresses
      ? [{ ...endpointPlace(nodes, pod), address: podIP, port: number, weight: 1, usable: true }]
      : [];
  });
}

export function selectWorkloadEntries(
  selector: Readonly<Record<string, string>>,
  entries: readonly Resource<'WorkloadEntry'>[],
): readonly Resource<'WorkloadEntry'>[] {
  if (Object.keys(selector).length === 0) return [];
  return entries.filter(({ metadata, spec }) => selectorMatches(selector, { ...metadata.labels, ...spec.labels }));
}

export function selectPods(service: Resource<'Service'>, pods: readonly Resource<'Pod'>[]): readonly Resource<'Pod'>[] {
  const { selector } = service.spec;
  return Object.keys(selector).length === 0 ? [] : pods.filter((pod) => selectorMatches(selector, pod.metadata.labels));
}

const compareEndpoints = (a: ModelEndpoint, b: ModelEndpoint): number =>
  (a.address < b.address ? -1 : a.address > b.address ? 1 : 0) || a.port - b.port;

/** Each address once, in order; terminating ones are left out, as Istio does, and unready ones told apart. */
export function buildEndpoints(
  service: Resource<'Service'>,
  port: ServicePort,
  sources: EndpointSources,
): { readonly endpoints: readonly ModelEndpoint[]; readonly unready: readonly ModelEndpoint[] } {
  const found =
    sources.slices.length > 0
      ? fromSlices(service, port, sources)
      : sources.endpoints !== undefined
        ? fromEndpoints(service, port, sources.endpoints, sources)
        : fromPods(service, port, sources);
  const all = uniqueEndpoints([...found, ...fromWorkloadEntries(port, sources.workloadEntries)]);
  return { endpoints: all.filter(({ usable }) => usable), unready: all.filter(({ usable }) => !usable) };
}

/** Machines that the Service's selector finds beside Pods. */
function fromWorkloadEntries(port: ServicePort, entries: EndpointSources['workloadEntries']): readonly FoundEndpoint[] {
  return entries.flatMap(({ spec, metadata }) => {
    const number = spec.ports[port.name] ?? fixedPort(port);
    if (spec.address === undefined) return [];
    const place = workloadPlace({ ...spec, labels: { ...metadata.labels, ...spec.labels } });
    return [{ ...place, address: spec.address, port: number, weight: spec.weight ?? 1, usable: true }];
  });
}

/** Each address once, in order. */
export function uniqueEndpoints<Endpoint extends ModelEndpoint>(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const unique = new Map(endpoints.map((endpoint) => [`${endpoint.address} ${endpoint.port}`, endpoint]));
  return [...unique.values()].sort(compareEndpoints);
}
