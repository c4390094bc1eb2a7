// What differs between proxies as far as their configuration goes: equal classes share one translated result.

/**
 * The node is this machine: how Gateway ports become addresses here. Absent in a cluster, where kube-proxy owns node ports.
 */
export interface LocalNodeBinding {
  /** Address the listeners bind: `127.0.0.1`. */
  readonly bind: string;
  /** Gateway port → bound port; replaces the node port. */
  readonly portMap: Readonly<Record<number, number>>;
}

export interface ProxyClass {
  /** The proxy's own namespace: Secrets named by `credentialName` come from here. */
  readonly namespace: string;
  /** Labels of the gateway's pod: what Gateway and Service selectors are compared with. */
  readonly labels: Readonly<Record<string, string>>;
  readonly localNode: LocalNodeBinding | undefined;
  /** Texts that it tells of itself, apart from its name: what EnvoyFilters may ask for. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Connections of clients at a time that it was started to have; undefined: nobody knows yet. */
  readonly maxConnections?: number | 'unlimited';
  /** What the proxy says of its place, `region/zone/subzone`, and the Node it runs on: both decide which endpoints are near. */
  readonly locality?: string | undefined;
  readonly nodeName?: string | undefined;
}

/** True if every label that the selector asks for is there. An empty selector selects everything. */
export function selectorMatches(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}

const sortedEntries = (record: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** Equal for classes with equal content, whatever the order of their labels. */
export function proxyClassKey(proxyClass: ProxyClass): string {
  const { namespace, labels, localNode, metadata = {}, maxConnections, locality, nodeName } = proxyClass;
  return JSON.stringify([
    namespace,
    sortedEntries(labels),
    localNode === undefined ? null : [localNode.bind, sortedEntries(localNode.portMap)],
    sortedEntries(metadata),
    locality ?? '',
    nodeName ?? '',
    maxConnections ?? '',
  ]);
}
