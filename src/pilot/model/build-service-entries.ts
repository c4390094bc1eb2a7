// ServiceEntries → one service for each of their hosts, with the endpoints that they list or select.

import { namingProtocols } from '../resources/parse-service-entry.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import type { Resolution, ServiceEntryPort, WorkloadEntrySpec } from '../resources/service-entry.ts';
import type { SnapshotObjects } from '../resources/snapshot.ts';
import { backendProtocol } from './backend-protocol.ts';
import { selectWorkloadEntries, uniqueEndpoints } from './build-endpoints.ts';
import { compareResources } from './compare-resources.ts';
import { exportedTo } from './export-to.ts';
import { endpointPlace, indexNodes, type NodeIndex, workloadPlace } from './locality.ts';
import type { ModelEndpoint, ModelService, ModelServicePort } from './model.ts';
import type { PodIndex } from './pod-index.ts';
import { selectorMatches } from './proxy-class.ts';
import { sameList } from './same-list.ts';

type Entry = Resource<'ServiceEntry'>;

const discoveries: Readonly<Record<Resolution, ModelService['discovery']>> = {
  NONE: 'addresses',
  STATIC: 'addresses',
  DNS: 'names',
  DNS_ROUND_ROBIN: 'one name',
  DYNAMIC_DNS: 'named by requests',
};

const nowhere = workloadPlace({ locality: undefined, network: undefined, labels: {} });

interface Selected {
  readonly workloadEntries: readonly Resource<'WorkloadEntry'>[];
  readonly pods: readonly Resource<'Pod'>[];
  readonly nodes: NodeIndex;
}

const numberOf = (port: ServiceEntryPort, ports: Readonly<Record<string, number>>): number =>
  ports[port.name] ?? port.targetPort ?? port.number;

const endpointOf = (port: ServiceEntryPort, workload: WorkloadEntrySpec): readonly ModelEndpoint[] =>
  workload.address === undefined
    ? []
    : [
        {
          ...workloadPlace(workload),
          address: workload.address,
          port: numberOf(port, workload.ports),
          weight: workload.weight ?? 1,
        },
      ];

/** Names are asked for by the data plane; without endpoints it is the host's own name. */
function listed({ spec }: Entry, host: string, port: ServiceEntryPort): readonly ModelEndpoint[] {
  const usesNames = spec.resolution === 'DNS' || spec.resolution === 'DNS_ROUND_ROBIN';
  const endpoints = spec.endpoints.flatMap((workload) => endpointOf(port, workload));
  if (spec.resolution === 'NONE' || spec.resolution === 'DYNAMIC_DNS') return [];
  if (endpoints.length > 0 || !usesNames || host.startsWith('*')) return endpoints;
  return [{ ...nowhere, address: host, port: port.targetPort ?? port.number, weight: 1 }];
}

const selected = (port: ServiceEntryPort, { workloadEntries, pods, nodes }: Selected): readonly ModelEndpoint[] => [
  ...workloadEntries.flatMap(({ metadata, spec }) =>
    endpointOf(port, { ...spec, labels: { ...metadata.labels, ...spec.labels } }),
  ),
  ...pods.flatMap((pod) =>
    pod.spec.podIP === undefined || !pod.spec.ready
      ? []
      : [{ ...endpointPlace(nodes, pod), address: pod.spec.podIP, port: numberOf(port, {}), weight: 1 }],
  ),
];

function buildPorts(entry: Entry, host: string, workloads: Selected): readonly ModelServicePort[] {
  const ports = new Map<number, ModelServicePort>();
  const dynamic = entry.spec.resolution === 'DYNAMIC_DNS' && host.startsWith('*');
  for (const port of entry.spec.ports) {
    if (ports.has(port.number) || (dynamic && !namingProtocols.has(port.protocol.toUpperCase()))) continue;
    const all = [...listed(entry, host, port), ...selected(port, workloads)];
    // Envoy asks for one name only.
    const found = entry.spec.resolution === 'DNS_ROUND_ROBIN' ? all.slice(0, 1) : uniqueEndpoints(all);
    ports.set(port.number, {
      name: port.name,
      port: port.number,
      protocol: backendProtocol({ name: port.name, appProtocol: port.protocol }),
      targetPort: port.targetPort ?? port.number,
      nodePort: undefined,
      endpoints: found,
      unready: [],
    });
  }
  return [...ports.values()];
}

function buildService(
  entry: Entry,
  host: string,
  workloads: Selected,
  defaultExportTo: readonly string[],
): ModelService {
  const { namespace } = entry.metadata;
  const { resolution, location, exportTo, subjectAltNames } = entry.spec;
  return {
    host,
    name: host,
    namespace,
    ref: resourceRef(entry),
    ports: buildPorts(entry, host, workloads),
    selector: {},
    alias: undefined,
    exportTo: exportedTo(exportTo, defaultExportTo, namespace),
    translatesPorts: true,
    discovery: resolution === 'DYNAMIC_DNS' && !host.startsWith('*') ? 'addresses' : discoveries[resolution],
    isExternal: location === 'MESH_EXTERNAL',
    subjectAltNames,
    prefersNear: undefined,
    resource: entry,
  };
}

function workloadsOf({ metadata, spec }: Entry, objects: SnapshotObjects, pods: PodIndex): Selected {
  const selector = spec.workloadSelector;
  const nodes = indexNodes(objects.Node);
  if (selector === undefined || Object.keys(selector).length === 0) return { workloadEntries: [], pods: [], nodes };
  const { namespace } = metadata;
  const entries = [...objects.WorkloadEntry.values()].filter((entry) => entry.metadata.namespace === namespace);
  return {
    workloadEntries: selectWorkloadEntries(selector, entries),
    pods: pods.inNamespace(namespace).filter((pod) => selectorMatches(selector, pod.metadata.labels)),
    nodes,
  };
}

/** What each was made of: one that would come out the same keeps its identity. */
const inputs = new WeakMap<ModelService, Selected>();

/** Of several with one host the oldest counts, those for every namespace before the others. */
export function buildServiceEntries(
  previous: ReadonlyMap<string, ModelService> | undefined,
  objects: SnapshotObjects,
  pods: PodIndex,
  defaultExportTo: readonly string[],
): readonly ModelService[] {
  const entries = [...objects.ServiceEntry.values()].sort(compareResources);
  const isPublic = ({ spec, metadata }: Entry): boolean =>
    exportedTo(spec.exportTo, defaultExportTo, metadata.namespace) === 'all';
  const services = new Map<string, ModelService>();
  for (const entry of [...entries.filter(isPublic), ...entries.filter((one) => !isPublic(one))]) {
    const workloads = workloadsOf(entry, objects, pods);
    for (const host of entry.spec.hosts) {
      if (services.has(host)) continue;
      const before = previous?.get(host);
      const known = before && inputs.get(before);
      const kept =
        before?.resource === entry &&
        known !== undefined &&
        known.nodes === workloads.nodes &&
        sameList(known.workloadEntries, workloads.workloadEntries) &&
        sameList(known.pods, workloads.pods);
      const service = kept ? before : buildService(entry, host, workloads, defaultExportTo);
      inputs.set(service, workloads);
      services.set(host, service);
    }
  }
  return [...services.values()];
}
