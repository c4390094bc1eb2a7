// The identity a proxy presents to pilot: Istio's node id and metadata, and what one machine adds to them.
import { create, type JsonObject } from '@bufbuild/protobuf';
import { type Node, NodeSchema } from './generated/envoy/config/core/v3/base_pb.ts';
import { nodeId } from './resource-names.ts';

export type DataPlaneKind = 'envoy' | 'embedded';

/**
 * How Gateway ports become addresses when the node is this machine. Absent in a cluster, where kube-proxy owns node ports.
 */
export interface LocalNode {
  /** Address the listeners bind: `127.0.0.1`. */
  readonly bind: string;
  /** Gateway port → bound port; replaces the node port. */
  readonly portMap: Readonly<Record<number, number>>;
}

export interface ProxyNode {
  /** Istio's id: `router~IP~NAME.NS~NS.svc.DOMAIN`. */
  readonly id: string;
  /** NAME.NS of the id: what people call the proxy. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly dataPlane: DataPlaneKind;
  readonly localNode: LocalNode | undefined;
  /** `region/zone/subzone`; '' where it does not say. */
  readonly locality: string;
  /** Of Kubernetes; '' where it does not say. */
  readonly nodeName: string;
  /** Host and port of the gateway's own admin server, where the configuration it really has can be read. */
  readonly adminAddress: string | undefined;
  readonly version: string;
  /** Texts that proxies with equal configuration share. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface NodeOptions {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly domain?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** More of it; it replaces nothing of ours. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly dataPlane: DataPlaneKind;
  readonly maxConnections?: number | undefined;
  readonly localNode?: LocalNode | undefined;
  /** `region/zone/subzone`, the later parts optional. */
  readonly locality?: string | undefined;
  readonly nodeName?: string | undefined;
  readonly adminAddress?: string | undefined;
  readonly version: string;
}

/** Istio's name for it: how many connections of clients a gateway was started to have at a time. */
export const maxConnectionsKey = 'GLOBAL_DOWNSTREAM_MAX_CONNECTIONS';

/** Metadata keys LABELS, NAMESPACE, NAME and NODE_NAME are Istio's; ours are under TIDEGATE. */
export function nodeMetadata(options: NodeOptions): JsonObject {
  const tidegate: JsonObject = { DATA_PLANE: options.dataPlane, VERSION: options.version };
  if (options.localNode) {
    tidegate.LOCAL_NODE = { BIND: options.localNode.bind, PORT_MAP: { ...options.localNode.portMap } };
  }
  if (options.adminAddress) tidegate.ADMIN_ADDRESS = options.adminAddress;
  return {
    ...options.metadata,
    ...(options.maxConnections && { [maxConnectionsKey]: String(options.maxConnections) }),
    NAME: options.name,
    NAMESPACE: options.namespace,
    LABELS: { ...options.labels },
    ...(options.nodeName && { NODE_NAME: options.nodeName }),
    TIDEGATE: tidegate,
  };
}

export function createNode(options: NodeOptions): Node {
  const [region = '', zone = '', subZone = ''] = (options.locality ?? '').split('/');
  return create(NodeSchema, {
    id: nodeId({
      address: options.address,
      name: options.name,
      namespace: options.namespace,
      domain: options.domain ?? 'cluster.local',
    }),
    cluster: options.labels.app ?? 'istio-ingressgateway',
    ...(options.locality && { locality: { region, zone, subZone } }),
    metadata: nodeMetadata(options),
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isString = (value: unknown): value is string => typeof value === 'string';

function readStrings(value: unknown): Record<string, string> {
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => isString(entry[1])))
    : {};
}

function readLocalNode(value: unknown): LocalNode | undefined {
  if (!isObject(value) || !isString(value.BIND)) return undefined;
  const map = isObject(value.PORT_MAP) ? Object.entries(value.PORT_MAP) : [];
  const portMap: Record<number, number> = {};
  for (const [from, to] of map)
    if (Number.isInteger(Number(from)) && Number.isInteger(to)) portMap[Number(from)] = Number(to);
  return { bind: value.BIND, portMap };
}

/** Of one proxy only: each would be a class of its own. */
const ownTexts: ReadonlySet<string> = new Set(['NAME', 'INSTANCE_IPS', 'NODE_NAME', 'POD_PORTS']);
const omit = (texts: Readonly<Record<string, string>>, names: ReadonlySet<string>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([name]) => !names.has(name)));

/** Reads what a proxy presents. Anything missing or malformed gets Istio's default: a node is never refused for its metadata. */
export function parseNode(node: Node): ProxyNode {
  const metadata: Record<string, unknown> = node.metadata ?? {};
  const tidegate = isObject(metadata.TIDEGATE) ? metadata.TIDEGATE : {};
  const [, , name, domain] = node.id.split('~');
  const { locality } = node;
  return {
    id: node.id,
    name: name ?? node.id,
    namespace: isString(metadata.NAMESPACE) ? metadata.NAMESPACE : (domain?.split('.')[0] ?? ''),
    labels: readStrings(metadata.LABELS),
    dataPlane: tidegate.DATA_PLANE === 'embedded' ? 'embedded' : 'envoy',
    localNode: readLocalNode(tidegate.LOCAL_NODE),
    locality: locality ? [locality.region, locality.zone, locality.subZone].join('/').replace(/\/+$/, '') : '',
    nodeName: isString(metadata.NODE_NAME) ? metadata.NODE_NAME : '',
    adminAddress: isString(tidegate.ADMIN_ADDRESS) ? tidegate.ADMIN_ADDRESS : undefined,
    version: isString(tidegate.VERSION) ? tidegate.VERSION : '',
    metadata: omit(readStrings(metadata), ownTexts),
  };
}
