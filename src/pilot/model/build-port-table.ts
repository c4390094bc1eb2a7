// Gateway port → Service port → target port → node port → bound address, for one class of proxies.
import { buildProxyView } from './build-proxy-view.ts';
import type { Model } from './model.ts';
import type { PortRow } from './port-row.ts';
import type { ProxyClass } from './proxy-class.ts';

/**
 * Sorted by Gateway port. The bound port on one machine is the port map's entry for the Gateway port, else the node port of
 * the Service port that maps it, else the target port (which is the Gateway port itself where no Service maps it).
 * Servers that had to give way to another have no row; their Diagnostic says why.
 */
export function buildPortTable(model: Model, proxyClass: ProxyClass): readonly PortRow[] {
  return buildProxyView(model, proxyClass).ports;
}
