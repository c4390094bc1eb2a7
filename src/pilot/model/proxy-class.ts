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
}

/** True if every label that the selector asks for is there. An empty selector selects everything. */
export function selectorMatches(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}
