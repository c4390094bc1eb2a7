// A server with mode AUTO_PASSTHROUGH → one filter chain for each port of each Service: sidecars say in the SNI which they mean.
import type { NameOwner } from './build-tls-chains.ts';
import { isSubsetOf, sniDnatName } from './host-names.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { Model, ModelService } from './model.ts';
import type { ClusterView, FilterChainView } from './proxy-view.ts';

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
  (service.visibleTo === undefined || service.visibleTo.has(proxyNamespace)) &&
  server.hosts.some(
    ({ host, namespace }) => isSubsetOf(service.host, host) && (namespace === '*' || namespace === service.namespace),
  );

/** `taken`: names that chains of the listener have already; the new ones are added. */
export function buildAutoPassthroughChains(
  model: Model,
  placed: PlacedServer,
  proxyNamespace: string,
  taken: Map<string, NameOwner>,
  use: (cluster: ClusterView) => void,
): readonly FilterChainView[] {
  return [...model.services.values()]
    .filter((service) => isServed(service, placed, proxyNamespace))
    .sort((a, b) => (a.host < b.host ? -1 : 1))
    .flatMap((service) =>
      service.ports.flatMap((port): readonly FilterChainView[] => {
        const name = sniDnatName(port.port, '', service.host);
        // Another server of the port leads there already: Envoy refuses a listener with two such chains.
        if (taken.has(name)) return [];
        taken.set(name, { ref: placed.gateway.ref, match: undefined });
        const target = { host: service.host, port: port.port, subset: '', sniDnat: true };
        use({ service, port, sniDnat: true });
        return [
          {
            serverNames: [name],
            applicationProtocols: istioMutualAlpns,
            plaintextOnly: false,
            tls: undefined,
            network: { kind: 'tcp', targets: { kind: 'single', target }, virtualService: placed.gateway.ref },
          },
        ];
      }),
    );
}
