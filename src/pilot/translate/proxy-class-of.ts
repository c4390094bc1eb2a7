// From the identity a proxy presents to the class that decides its configuration.
import { maxConnectionsKey, type ProxyNode } from '../../xds/node.ts';
import type { ProxyClass } from '../model/proxy-class.ts';

export { proxyClassKey } from '../model/proxy-class.ts';

export function proxyClassOf(node: ProxyNode): ProxyClass {
  const maxConnections = node.metadata?.[maxConnectionsKey] ?? '';
  return {
    namespace: node.namespace,
    labels: node.labels,
    localNode: node.localNode,
    locality: node.locality,
    nodeName: node.nodeName,
    metadata: node.metadata ?? {},
    maxConnections: /^\d+$/.test(maxConnections) ? Number(maxConnections) : 'unlimited',
  };
}
