// Services with their endpoints, by host: what routes name as destinations, and what maps ports in front of the gateway.
import { isIP } from 'node:net';
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
import { type ExportTo, exportedTo } from './export-to.ts';
import { serviceHost } from './host-names.ts';
import { indexNodes } from './locality.ts';
import type { ModelService, ModelServicePort } from './model.ts';
import { indexPods } from './pod-index.ts';
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

function groupBy<T>(items: Iterable<T>, key: (item: T) => string | undefined): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
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

export function buildServices(
  previous: ReadonlyMap<string, ModelService> | undefined,
  objects: SnapshotObjects,
  defaultExportTo: readonly string[] = [],
): ReadonlyMap<string, ModelService> {
  const slices = groupBy(objects.EndpointSlice.values(), ({ metadata, spec }) =>
    spec.serviceName === undefined ? undefined : objectKey(metadata.namespace, spec.serviceName),
  );
  const pods = indexPods(objects.Pod);
  const nodes = indexNodes(objects.Node);
  const workloadEntries = Map.groupBy(objects.WorkloadEntry.values(), ({ metadata }) => metadata.namespace);
  // Services win over ServiceEntries with their host.
  const services = new Map(
    buildServiceEntries(previous, objects, pods, defaultExportTo).map((service) => [service.host, service]),
  );
  for (const [key, resource] of objects.Service) {
    const written = { slices: slices.get(key) ?? [], endpoints: objects.Endpoints.get(key) };
    const sources: EndpointSources = {
      ...written,
      workloadEntries: selectWorkloadEntries(
        resource.spec.selector,
        workloadEntries.get(resource.metadata.namespace) ?? [],
      ),
      pods: selectPods(resource, pods.inNamespace(resource.metadata.namespace)),
      backing: backingPods(written, pods),
      nodes,
    };
    const host = serviceHost(resource.metadata.namespace, resource.metadata.name);
    const kept = reuse(previous?.get(host), resource, sources);
    const service = kept ?? buildService(resource, sources, defaultExportTo);
    if (kept === undefined) inputs.set(service, sources);
    services.set(host, service);
  }
  return services;
}
