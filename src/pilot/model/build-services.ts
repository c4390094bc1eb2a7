// Services with their endpoints, by host: what routes name as destinations, and what maps ports in front of the gateway.
import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { type Derived, deriveIndex, deriveValues, type Recalled, recall } from '../../lib/incremental/derive.ts';
import { PersistentMap, persistent } from '../../lib/incremental/persistent-map.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { objectKey, type SnapshotObjects } from '../resources/snapshot.ts';
import { backendProtocol } from './backend-protocol.ts';
import {
  backingPods,
  buildEndpoints,
  type EndpointSources,
  namedPort,
  selectPods,
  selectWorkloadEntries,
} from './build-endpoints.ts';
import { buildServiceEntries } from './build-service-entries.ts';
import { inPrecedence } from './compare-resources.ts';
import { type ExportTo, exportedTo } from './export-to.ts';
import { serviceHost } from './host-names.ts';
import { indexNodes } from './locality.ts';
import type { ModelService, ModelServicePort } from './model.ts';
import { indexPods, type PodIndex } from './pod-index.ts';
import { sameList } from './same-list.ts';

const exportToAnnotation = 'networking.istio.io/exportTo';
const noTranslationLabel = 'experimental.istio.io/disable-gateway-port-translation';

function exportToOf({ metadata }: Resource<'Service'>, defaultExportTo: readonly string[]): ExportTo {
  const text = metadata.annotations[exportToAnnotation] ?? '';
  const names = text.trim() === '' ? [] : text.split(',').map((part) => part.trim());
  return exportedTo(names, defaultExportTo, metadata.namespace);
}

/** The annotation is what Istio had before Kubernetes had the field. */
function nearnessOf({ metadata, spec }: Resource<'Service'>): ModelService['prefersNear'] {
  const annotation = metadata.annotations['networking.istio.io/traffic-distribution']?.toLowerCase();
  const written = spec.trafficDistribution?.toLowerCase() ?? annotation;
  if (written === 'prefersamenode') return 'node';
  return written === 'preferclose' || written === 'prefersamezone' ? 'zone' : undefined;
}

function targetPort(port: Resource<'Service'>['spec']['ports'][number], pods: EndpointSources['pods']) {
  if (typeof port.targetPort === 'number') return port.targetPort;
  for (const pod of pods) {
    const number = namedPort(pod, port.targetPort);
    if (number !== undefined) return number;
  }
  return undefined;
}

function buildPorts(resource: Resource<'Service'>, sources: EndpointSources): readonly ModelServicePort[] {
  const ports = new Map<number, ModelServicePort>();
  for (const port of resource.spec.ports) {
    if (port.protocol !== 'TCP' || ports.has(port.port)) continue;
    ports.set(port.port, {
      name: port.name,
      port: port.port,
      protocol: backendProtocol(port),
      targetPort: targetPort(port, sources.pods),
      nodePort: port.nodePort,
      ...buildEndpoints(resource, port, sources),
    });
  }
  return [...ports.values()];
}

function buildService(
  resource: Resource<'Service'>,
  sources: EndpointSources,
  defaultExportTo: readonly string[],
): ModelService {
  const { name, namespace, labels } = resource.metadata;
  const alias = resource.spec.type === 'ExternalName' ? resource.spec.externalName?.toLowerCase() : undefined;
  return {
    host: serviceHost(namespace, name),
    name,
    namespace,
    ref: resourceRef(resource),
    ports: alias === undefined ? buildPorts(resource, sources) : [],
    selector: resource.spec.type === 'ExternalName' ? {} : resource.spec.selector,
    alias: alias === undefined || isIP(alias) !== 0 ? alias : alias.replace(/\.$/, ''),
    exportTo: exportToOf(resource, defaultExportTo),
    translatesPorts: labels[noTranslationLabel] !== 'true',
    discovery: 'addresses',
    isExternal: false,
    subjectAltNames: [],
    prefersNear: nearnessOf(resource),
    resource,
  };
}

/** What each built Service was made of: one that would come out the same keeps its identity, and all derived from it is reused. */
const inputs = new WeakMap<ModelService, EndpointSources>();

function reuse(before: ModelService | undefined, resource: Resource<'Service'>, sources: EndpointSources) {
  const known = before === undefined ? undefined : inputs.get(before);
  if (before === undefined || known === undefined || before.resource !== resource) return undefined;
  const same =
    known.endpoints === sources.endpoints &&
    known.nodes === sources.nodes &&
    sameList(known.slices, sources.slices) &&
    sameList(known.pods, sources.pods) &&
    sameList(known.backing, sources.backing) &&
    sameList(known.workloadEntries, sources.workloadEntries);
  return same ? before : undefined;
}

/** By host, with what the next ones are made from. */
export interface Services {
  readonly byHost: PersistentMap<ModelService>;
  /** The same, each as it was when something other than its endpoints changed last. */
  readonly shapes: Derived<ModelService, ModelService>;
  /** Those of them that stand for others. */
  readonly aliases: Derived<ModelService, ModelService>;
  readonly stages: Stages;
}

interface Stages {
  readonly exportTo: string;
  readonly slices: Derived<Resource<'EndpointSlice'>, PersistentMap<Resource<'EndpointSlice'>>>;
  readonly pods: Recalled<PodIndex>;
  readonly workloadEntries: Recalled<ReadonlyMap<string, readonly Resource<'WorkloadEntry'>[]>>;
  readonly entries: Recalled<PersistentMap<ModelService>>;
  readonly written: Derived<Resource<'Service'>, ModelService>;
  readonly endpoints: PersistentMap<Resource<'Endpoints'>>;
  readonly writtenByHost: Derived<ModelService, PersistentMap<ModelService>>;
  readonly hosts: Derived<PersistentMap<ModelService>, ModelService>;
}

/** By key of their Service: `namespace/name`. */
const ownersOf = ({ metadata, spec }: Resource<'EndpointSlice'>): readonly string[] =>
  spec.serviceName === undefined ? [] : [objectKey(metadata.namespace, spec.serviceName)];

const keysOf = <Value>(before: PersistentMap<Value>, after: PersistentMap<Value>): readonly string[] =>
  PersistentMap.changesBetween(before, after).map(({ key }) => key);

function firstOf(services: PersistentMap<ModelService>): ModelService | undefined {
  return inPrecedence(services.values())[0];
}

/** A change of one Service, or of its endpoints, is worked on for that one alone; one of Pods, machines or Nodes for all. */
export function buildServices(
  before: Services | undefined,
  objects: SnapshotObjects,
  defaultExportTo: readonly string[] = [],
): Services {
  const exportTo = defaultExportTo.join();
  const previous = before?.stages.exportTo === exportTo ? before : undefined;
  const known = previous?.stages;
  const slices = deriveIndex(known?.slices, persistent(objects.EndpointSlice), ownersOf);
  const endpoints = persistent(objects.Endpoints);
  const pods = recall(known?.pods, [objects.Pod], () => indexPods(objects.Pod));
  const workloadEntries = recall(known?.workloadEntries, [objects.WorkloadEntry], () =>
    Map.groupBy(inPrecedence(objects.WorkloadEntry.values()), ({ metadata }) => metadata.namespace),
  );
  const nodes = indexNodes(objects.Node);
  const entries = recall(known?.entries, [objects.ServiceEntry, pods.value, workloadEntries.value, nodes], () =>
    PersistentMap.from(
      buildServiceEntries(previous?.byHost, objects, pods.value, defaultExportTo).map(
        (service) => [service.host, service] as const,
      ),
    ),
  );
  const services = persistent(objects.Service);
  const isAllInQuestion =
    known?.pods !== pods || known.workloadEntries !== workloadEntries || known.entries.of[3] !== nodes;
  const again = isAllInQuestion
    ? services.keys()
    : [...keysOf(known.slices.output, slices.output), ...keysOf(known.endpoints, endpoints)];
  const written = deriveValues(
    known?.written,
    services,
    (resource, key, old) => {
      const own = slices.output.get(key);
      const addresses = { slices: own === undefined ? [] : inPrecedence(own.values()), endpoints: endpoints.get(key) };
      const { namespace } = resource.metadata;
      const sources: EndpointSources = {
        ...addresses,
        workloadEntries: selectWorkloadEntries(resource.spec.selector, workloadEntries.value.get(namespace) ?? []),
        pods: selectPods(resource, pods.value.inNamespace(namespace)),
        backing: backingPods(addresses, pods.value),
        nodes,
      };
      const service = reuse(old, resource, sources) ?? buildService(resource, sources, defaultExportTo);
      inputs.set(service, sources);
      return service;
    },
    again,
  );
  const writtenByHost = deriveIndex(known?.writtenByHost, written.output, ({ host }) => [host]);
  const hosts = deriveValues(known?.hosts, writtenByHost.output, firstOf);
  // Services win over ServiceEntries with their host.
  const touched = [
    ...keysOf(known?.hosts.output ?? PersistentMap.empty(), hosts.output),
    ...keysOf(known?.entries.value ?? PersistentMap.empty(), entries.value),
  ];
  const byHost = (previous?.byHost ?? PersistentMap.empty<ModelService>()).change(
    touched.map((host) => [host, hosts.output.get(host) ?? entries.value.get(host)] as const),
  );
  const shapes = deriveValues(previous?.shapes, byHost, (service, _host, old) =>
    old !== undefined && hasSameShape(old, service) ? old : service,
  );
  const aliases = deriveValues(previous?.aliases, shapes.output, (service) =>
    service.alias === undefined ? undefined : service,
  );
  const stages = { exportTo, slices, endpoints, pods, workloadEntries, entries, written, writtenByHost, hosts };
  return { byHost, shapes, aliases, stages };
}

/** All that routes, ports and policies go by: everything but its endpoints, and whether it has some. */
function hasSameShape(a: ModelService, b: ModelService): boolean {
  const outline = ({ ports, ref: _, ...service }: ModelService) => ({
    ...service,
    resource: undefined,
    ports: ports.map(({ endpoints, unready: _unready, ...port }) => ({ ...port, isEmpty: endpoints.length === 0 })),
  });
  return a.resource === b.resource && isDeepStrictEqual(outline(a), outline(b));
}
