// The identity our own gateways present to pilot.
import type { NodeOptions } from '../xds/node.ts';
import type { ProxyOptions } from './run-options.ts';
import { versions } from './versions.ts';

/** `adminAddress` only where it is another process' than pilot's. */
export function nodeOptions(options: ProxyOptions, adminAddress: string | undefined): NodeOptions {
  const isWildcard = options.bind === '0.0.0.0' || options.bind === '::';
  return {
    name: options.name,
    namespace: options.namespace,
    // Istio's node id wants an address of the proxy's own.
    address: isWildcard ? '127.0.0.1' : options.bind,
    labels: options.labels,
    metadata: options.metadata,
    dataPlane: options.engine,
    maxConnections: options.maxConnections,
    locality: options.locality,
    nodeName: options.nodeName,
    localNode: { bind: options.bind, portMap: options.portMap },
    adminAddress,
    version: versions().tidegate,
  };
}
