// `--backend SERVICE[.NS][:PORT]=HOST:PORT`: a source whose Service has its endpoint on this machine, whatever the manifests say.
import type { EndpointSliceSpec, EndpointsSpec } from '../pilot/resources/endpoints.ts';
import type { Metadata, Origin, Resource } from '../pilot/resources/resource.ts';
import type { ServicePort, ServiceSpec } from '../pilot/resources/service.ts';
import { type ObjectsOfKind, objectKey, type Snapshot, type Source } from '../pilot/resources/snapshot.ts';
import type { Backend } from './run-options.ts';

const origin: Origin = { source: '--backend', index: 0, locate: () => undefined };
const metadata = (namespace: string, name: string, labels: Readonly<Record<string, string>> = {}): Metadata => ({
  name,
  namespace,
  labels,
  annotations: {},
  creationTimestamp: undefined,
});

type Relevant = Pick<Snapshot['objects'], 'Service' | 'EndpointSlice' | 'Endpoints'>;

/** A Service that no manifest defines: one HTTP port. */
function syntheticService({ namespace, service, port }: Backend): Resource<'Service'> {
  const ports: ServicePort[] = [
    {
      name: 'http',
      port: port ?? 80,
      protocol: 'TCP',
      appProtocol: undefined,
      targetPort: port ?? 80,
      nodePort: undefined,
    },
  ];
  const spec: ServiceSpec = {
    type: 'ClusterIP',
    clusterIP: undefined,
    externalName: undefined,
    selector: {},
    ports,
    publishNotReadyAddresses: false,
    trafficDistribution: undefined,
  };
  return { kind: 'Service', apiVersion: 'v1', metadata: metadata(namespace, service), spec, origin, diagnostics: [] };
}

function syntheticSlice(backend: Backend, ports: readonly ServicePort[]): Resource<'EndpointSlice'> {
  const { namespace, service, host, hostPort } = backend;
  const name = `${service}-backend-${backend.port ?? 'all'}`;
  const spec: EndpointSliceSpec = {
    serviceName: service,
    addressType: host.includes(':') ? 'IPv6' : 'IPv4',
    ports: ports.map((port) => ({ name: port.name, port: hostPort, protocol: 'TCP', appProtocol: undefined })),
    endpoints: [
      {
        addresses: [host],
        ready: true,
        serving: true,
        terminating: false,
        zone: undefined,
        nodeName: undefined,
        targetRef: undefined,
      },
    ],
  };
  const labels = { 'kubernetes.io/service-name': service };
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: metadata(namespace, name, labels),
    spec,
    origin,
    diagnostics: [],
  };
}

/** The object's own endpoints of these ports give way; those of other ports stay. */
function withoutPorts<Spec extends EndpointSliceSpec | EndpointsSpec>(spec: Spec, names: ReadonlySet<string>): Spec {
  const keep = (port: { readonly name: string }): boolean => !names.has(port.name);
  if ('subsets' in spec) {
    return { ...spec, subsets: spec.subsets.map((subset) => ({ ...subset, ports: subset.ports.filter(keep) })) };
  }
  return { ...spec, ports: spec.ports.filter(keep) };
}

function mapWhere<Kind extends 'EndpointSlice' | 'Endpoints'>(
  objects: ObjectsOfKind<Kind>,
  isAffected: (object: Resource<Kind>) => boolean,
  change: (object: Resource<Kind>) => Resource<Kind> | undefined,
): ObjectsOfKind<Kind> {
  if (![...objects.values()].some(isAffected)) return objects;
  return new Map(
    [...objects].flatMap(([key, object]) => {
      const changed = isAffected(object) ? change(object) : object;
      return changed ? [[key, changed] as const] : [];
    }),
  );
}

function addBackend(objects: Relevant, backend: Backend): Relevant {
  const { namespace, service } = backend;
  const serviceKey = objectKey(namespace, service);
  const known = objects.Service.get(serviceKey);
  const owner = known ?? syntheticService(backend);
  const ports = owner.spec.ports.filter(({ port }) => backend.port === undefined || port === backend.port);
  const names = new Set(ports.map(({ name }) => name));
  const slice = syntheticSlice(backend, ports);
  const slices = mapWhere(
    objects.EndpointSlice,
    ({ metadata, spec }) => metadata.namespace === namespace && spec.serviceName === service,
    (object) => {
      const spec = withoutPorts(object.spec, names);
      // A slice without ports would stand for all of them.
      return spec.ports.length === 0 ? undefined : { ...object, spec };
    },
  );
  return {
    Service: known ? objects.Service : new Map([...objects.Service, [serviceKey, owner]]),
    EndpointSlice: new Map([...slices, [objectKey(namespace, slice.metadata.name), slice]]),
    Endpoints: mapWhere(
      objects.Endpoints,
      ({ metadata }) => metadata.namespace === namespace && metadata.name === service,
      (object) => ({ ...object, spec: withoutPorts(object.spec, names) }),
    ),
  };
}

/** Unchanged objects and maps keep their identity, as every source promises. */
export function withBackends(source: Source, backends: readonly Backend[]): Source {
  if (backends.length === 0) return source;
  let before: Relevant | undefined;
  let after: Relevant | undefined;
  const apply = ({ Service, EndpointSlice, Endpoints }: Relevant): Relevant => {
    const isSame =
      before?.Service === Service && before.EndpointSlice === EndpointSlice && before.Endpoints === Endpoints;
    if (isSame && after) return after;
    before = { Service, EndpointSlice, Endpoints };
    after = backends.reduce(addBackend, before);
    return after;
  };
  return {
    run: (onSnapshot, signal) =>
      source.run(
        (snapshot) => onSnapshot({ ...snapshot, objects: { ...snapshot.objects, ...apply(snapshot.objects) } }),
        signal,
      ),
  };
}
