// Where endpoints and gateways are: region, zone and subzone, as Kubernetes and Istio know them of Nodes, Pods and proxies.
import { placeOfLabels, regionLabel, subZoneLabel, zoneLabel } from '../resources/node.ts';
import type { Resource } from '../resources/resource.ts';
import type { ObjectsOfKind } from '../resources/snapshot.ts';

/** Parts are '' where nothing is known of them. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

type Labels = Readonly<Record<string, string>>;

const nodeLabel = 'kubernetes.io/hostname';
export const networkLabel = 'topology.istio.io/network';

/** What a gateway prefers that asks for endpoints near to it: their labels, the most important first. */
export const nearness = {
  zone: [networkLabel, regionLabel, zoneLabel],
  node: [networkLabel, regionLabel, zoneLabel, subZoneLabel, nodeLabel],
} as const;

/** Of `region/zone/subzone`, the later parts optional. */
export function parseLocality(text: string): Locality {
  const [region = '', zone = '', subZone = ''] = text.split('/');
  return { region, zone, subZone };
}

/** Without slashes at the end: equal places have equal texts. */
export const formatLocality = ({ region, zone, subZone }: Locality): string =>
  `${region}/${zone}/${subZone}`.replace(/\/+$/, '');

/** The label that overrides whatever else is known; `.` stands for `/`, which labels cannot have. Undefined without it. */
export function labelledLocality(labels: Labels): string | undefined {
  const text = labels['topology.istio.io/locality'] ?? labels['istio-locality'];
  if (!text) return undefined;
  return formatLocality(parseLocality(text.includes('/') ? text : text.replaceAll('.', '/')));
}

/** What Istio adds to the labels of endpoints and proxies: subsets and failoverPriority go by them. */
export function withPlaceLabels(labels: Labels, locality: string, nodeName: string | undefined): Labels {
  const { region, zone, subZone } = parseLocality(locality);
  return {
    ...labels,
    ...(region !== '' && { [regionLabel]: region }),
    ...(zone !== '' && { [zoneLabel]: zone }),
    ...(subZone !== '' && { [subZoneLabel]: subZone }),
    ...(nodeName && { [nodeLabel]: nodeName }),
    'topology.istio.io/cluster': 'Kubernetes',
  };
}

export interface NodeIndex {
  /** '' where nothing is known of it. */
  localityOf(nodeName: string | undefined): string;
  /** Of a zone, whose region its Nodes tell. */
  localityOfZone(zone: string): string;
}

/** One index for one map: what was built after it stays valid as long as no Node changes. */
const indexes = new WeakMap<ObjectsOfKind<'Node'>, NodeIndex>();

function buildIndex(nodes: ObjectsOfKind<'Node'>): NodeIndex {
  const byName = new Map([...nodes.values()].map(({ metadata, spec }) => [metadata.name, formatLocality(spec)]));
  const regions = new Map([...nodes.values()].map(({ spec: { region, zone } }) => [zone, region]));
  return {
    localityOf: (nodeName) => byName.get(nodeName ?? '') ?? '',
    localityOfZone: (zone) => formatLocality({ region: regions.get(zone) ?? '', zone, subZone: '' }),
  };
}

export function indexNodes(nodes: ObjectsOfKind<'Node'>): NodeIndex {
  const known = indexes.get(nodes) ?? buildIndex(nodes);
  indexes.set(nodes, known);
  return known;
}

/** Of the Pod that stands behind an endpoint, else of the Node or the zone that the endpoint itself names. */
export function endpointPlace(
  nodes: NodeIndex,
  pod: Resource<'Pod'> | undefined,
  named: { readonly nodeName?: string | undefined; readonly zone?: string | undefined } = {},
): { readonly locality: string; readonly labels: Labels } {
  const nodeName = pod?.spec.nodeName ?? named.nodeName;
  const ofPod = pod && labelledLocality(pod.metadata.labels);
  const locality = (ofPod ?? nodes.localityOf(nodeName)) || (named.zone ? nodes.localityOfZone(named.zone) : '');
  return { locality, labels: withPlaceLabels(pod?.metadata.labels ?? {}, locality, nodeName) };
}

/** Of a WorkloadEntry, or an endpoint of a ServiceEntry. */
export function workloadPlace({
  locality,
  network,
  labels,
}: {
  readonly locality: string | undefined;
  readonly network: string | undefined;
  readonly labels: Labels;
}): { readonly locality: string; readonly labels: Labels } {
  const place = locality === undefined ? (labelledLocality(labels) ?? '') : formatLocality(parseLocality(locality));
  const inNetwork = network === undefined ? labels : { [networkLabel]: network, ...labels };
  return { locality: place, labels: withPlaceLabels(inNetwork, place, undefined) };
}

export interface ProxyPlace {
  readonly locality: Locality;
  /** Its labels and those that say where it is. */
  readonly labels: Labels;
}

/** Its label first, then its Node, its topology labels, and last what it says of itself. */
export function proxyPlace(
  nodes: NodeIndex,
  proxy: {
    readonly labels: Labels;
    readonly locality?: string | undefined;
    readonly nodeName?: string | undefined;
  },
): ProxyPlace {
  const text =
    (labelledLocality(proxy.labels) ?? nodes.localityOf(proxy.nodeName)) ||
    formatLocality(placeOfLabels(proxy.labels)) ||
    formatLocality(parseLocality(proxy.locality ?? ''));
  return { locality: parseLocality(text), labels: withPlaceLabels(proxy.labels, text, proxy.nodeName) };
}
