// A server with mode AUTO_PASSTHROUGH → one filter chain for each port and subset of each Service: sidecars say in the SNI which they mean.
import type { NameOwner } from './build-tls-chains.ts';
import { isExportedTo } from './export-to.ts';
import { isSubsetOf, sniDnatName } from './host-names.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { Model, ModelService } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { ClusterView, FilterChainView } from './proxy-view.ts';
import { clusterOf } from './resolve-destination.ts';
import { selectDestinationRule } from './select-destination-rule.ts';

/** What sidecars offer for mutual TLS among themselves; other clients must not get past the gateway unchecked. */
export const istioMutualAlpns: readonly string[] = [
  'istio',
  'istio-peer-exchange',
  'istio-http/1.0',
  'istio-http/1.1',
  'istio-h2',
];

const isServed = (service: ModelService, { server }: PlacedServer, proxyNamespace: string): boolean =>
  service.alias === undefined &&
  // A name that stands for many is no part of an SNI.
  !service.host.startsWith('*') &&
  isExportedTo(service.exportTo, proxyNamespace) &&
  server.hosts.some(
    ({ host, namespace }) => isSubsetOf(service.host, host) && (namespace === '*' || namespace === service.namespace),
  );

/** One for each port, and for each subset that its DestinationRule gives it. */
function clustersOf(model: Model, service: ModelService, proxyClass: ProxyClass): readonly ClusterView[] {
  const subsets = selectDestinationRule(model, service, proxyClass)?.subsets ?? [];
  return service.ports.flatMap((port) =>
    ['', ...subsets.map(({ name }) => name)].flatMap(
      (subset) => clusterOf(model, { service, port, subset }, proxyClass) ?? [],
    ),
  );
}

/** `taken`: names that chains of the listener have already; the new ones are added. */
export function buildAutoPassthroughChains(
  model: Model,
  placed: PlacedServer,
  proxyClass: ProxyClass,
  taken: Map<string, NameOwner>,
  use: (cluster: ClusterView) => void,
): readonly FilterChainView[] {
  return [...model.serviceShapes.values()]
    .filter((service) => isServed(service, placed, proxyClass.namespace))
    .sort((a, b) => (a.host < b.host ? -1 : 1))
    .flatMap((service) => clustersOf(model, service, proxyClass))
    .flatMap((cluster): readonly FilterChainView[] => {
      const { service, port } = cluster;
      const subset = cluster.subset?.name ?? '';
      const name = sniDnatName(port.port, subset, service.host);
      // Another server of the port leads there already: Envoy refuses a listener with two such chains.
      if (taken.has(name)) return [];
      taken.set(name, { ref: placed.gateway.ref, match: undefined });
      const target = { host: service.host, port: port.port, subset, sniDnat: true };
      // What comes is encrypted already.
      use({ ...cluster, tls: undefined, sniDnat: true });
      return [
        {
          serverNames: [name],
          applicationProtocols: istioMutualAlpns,
          plaintextOnly: false,
          tls: undefined,
          network: {
            kind: 'tcp',
            targets: { kind: 'single', target, policies: [], tunnel: undefined },
            virtualService: placed.gateway.ref,
          },
        },
      ];
    });
}
