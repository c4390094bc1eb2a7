// From the identity a proxy presents to the class that decides its configuration.
import type { ProxyNode } from '../../xds/node.ts';
import type { ProxyClass } from '../model/proxy-class.ts';

export function proxyClassOf(node: ProxyNode): ProxyClass {
  return { namespace: node.namespace, labels: node.labels, localNode: node.localNode };
}

const sortedEntries = (record: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** Equal for classes with equal content, whatever the order of their labels. */
export function proxyClassKey(proxyClass: ProxyClass): string {
  const { namespace, labels, localNode } = proxyClass;
  return JSON.stringify([
    namespace,
    sortedEntries(labels),
    localNode === undefined ? null : [localNode.bind, sortedEntries(localNode.portMap)],
  ]);
}
