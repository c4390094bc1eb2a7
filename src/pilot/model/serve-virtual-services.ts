// The routes of each VirtualService for each Gateway port of a class of proxies: made again where it, or what it leads to, changes.
import { isDeepStrictEqual } from 'node:util';
import { type Derived, deriveIndex, type Recalled, recall } from '../../lib/incremental/derive.ts';
import { type Edit, PersistentMap } from '../../lib/incremental/persistent-map.ts';
import { buildRoutes } from './build-routes.ts';
import type { ClusterView } from './cluster-view.ts';
import { type ConcernedHosts, keysFor } from './concerned-hosts.ts';
import type { MergedListener } from './merge-servers.ts';
import type { Model, ModelVirtualService } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { RouteView } from './proxy-view.ts';

/** A cluster that something leads to, by what it is made of: its view changes with its endpoints, this does not. */
export interface ClusterUse {
  readonly host: string;
  readonly port: number;
  readonly subset: string;
  readonly sniDnat: boolean;
}

export interface ServedRoutes {
  /** Names it among all: of the Gateway, the port and the VirtualService. */
  readonly key: string;
  readonly virtualService: ModelVirtualService;
  /** At least one. */
  readonly routes: readonly RouteView[];
  readonly clusters: readonly ClusterUse[];
}

/** How requests come to a VirtualService. */
interface Entrance {
  readonly port: number;
  readonly isTls: boolean;
}

export interface ServedVirtualServices {
  readonly served: PersistentMap<ServedRoutes>;
  readonly byCluster: Derived<ServedRoutes, PersistentMap<ServedRoutes>>;
  readonly entrances: Recalled<PersistentMap<readonly Entrance[]>>;
  readonly retries: Model['mesh']['defaultHttpRetryPolicy'];
}

export const useOf = ({ service, port, subset, sniDnat }: ClusterView): ClusterUse => ({
  host: service.host,
  port: port.port,
  subset: subset?.name ?? '',
  sniDnat: sniDnat === true,
});

export const clusterKey = ({ host, port, subset, sniDnat }: ClusterUse): string =>
  `${host} ${port} ${subset} ${sniDnat}`;

export const servedKey = (gateway: string, { port, isTls }: Entrance, virtualService: string): string =>
  `${gateway} ${port} ${isTls} ${virtualService}`;

/** By Gateway. */
function findEntrances(listeners: readonly MergedListener[]): PersistentMap<readonly Entrance[]> {
  const byGateway = new Map<string, Map<string, Entrance>>();
  for (const { servers } of listeners)
    for (const { gateway, server } of servers) {
      if (server.kind !== 'http' && server.kind !== 'https') continue;
      const entrance = { port: server.port, isTls: server.kind === 'https' };
      const known = byGateway.get(gateway.key) ?? new Map<string, Entrance>();
      byGateway.set(gateway.key, known.set(`${entrance.port} ${entrance.isTls}`, entrance));
    }
  return PersistentMap.from([...byGateway].map(([key, entrances]) => [key, [...entrances.values()]] as const));
}

function serve(
  model: Model,
  proxyClass: ProxyClass,
  gateway: string,
  entrance: Entrance,
  virtualService: ModelVirtualService,
  before: ServedRoutes | undefined,
): ServedRoutes | undefined {
  const clusters = new Map<string, ClusterUse>();
  const routes = buildRoutes(
    {
      model,
      proxyNamespace: proxyClass.namespace,
      proxyLabels: proxyClass.labels,
      gateway,
      ...entrance,
      use: (cluster) => {
        const use = useOf(cluster);
        clusters.set(clusterKey(use), use);
      },
    },
    virtualService,
  );
  if (routes.length === 0) return undefined;
  const uses = [...clusters.values()];
  const key = servedKey(gateway, entrance, virtualService.key);
  const isSame =
    before?.virtualService === virtualService && isDeepStrictEqual([before.routes, before.clusters], [routes, uses]);
  return isSame ? before : { key, virtualService, routes, clusters: uses };
}

/** `concerned`: hosts whose Services or rules differ from those of `before`, the model of `previous`. */
export function serveVirtualServices(
  previous: ServedVirtualServices | undefined,
  before: Model | undefined,
  model: Model,
  proxyClass: ProxyClass,
  listeners: readonly MergedListener[],
  concerned: ConcernedHosts,
): ServedVirtualServices {
  const retries = model.mesh.defaultHttpRetryPolicy;
  const known = isDeepStrictEqual(previous?.retries, retries) ? previous : undefined;
  const entrances = recall(known?.entrances, [listeners], () => findEntrances(listeners));
  const { byGateway, served: all, servedTo } = model.virtualServices;
  const groups = (before && known ? before.virtualServices : undefined)?.byGateway ?? PersistentMap.empty();
  const noEntrances: PersistentMap<readonly Entrance[]> = PersistentMap.empty();

  const touched = new Map<string, Set<string>>();
  const touch = (gateway: string, keys: Iterable<string>): void => {
    const set = touched.get(gateway) ?? new Set();
    touched.set(gateway, set);
    for (const key of keys) set.add(key);
  };
  for (const { key: gateway, before: old, after: now } of PersistentMap.changesBetween(groups, byGateway)) {
    const nobody: PersistentMap<ModelVirtualService> = PersistentMap.empty();
    touch(
      gateway,
      PersistentMap.changesBetween(old ?? nobody, now ?? nobody).map(({ key }) => key),
    );
  }
  for (const { key: gateway } of PersistentMap.changesBetween(known?.entrances.value ?? noEntrances, entrances.value))
    touch(gateway, [...(groups.get(gateway)?.keys() ?? []), ...(byGateway.get(gateway)?.keys() ?? [])]);
  for (const key of keysFor(concerned, servedTo, all))
    for (const gateway of all.get(key)?.gateways ?? []) touch(gateway, [key]);

  const edits: Edit<ServedRoutes>[] = [];
  for (const [gateway, keys] of touched) {
    const [gone, now] = [known?.entrances.value.get(gateway) ?? [], entrances.value.get(gateway) ?? []];
    for (const key of keys) {
      const virtualService = byGateway.get(gateway)?.get(key);
      const name = virtualService?.key ?? groups.get(gateway)?.get(key)?.key;
      if (name === undefined) continue;
      for (const entrance of gone) edits.push([servedKey(gateway, entrance, name), undefined]);
      if (virtualService === undefined) continue;
      for (const entrance of now) {
        const served = known?.served.get(servedKey(gateway, entrance, name));
        const made = serve(model, proxyClass, gateway, entrance, virtualService, served);
        edits.push([servedKey(gateway, entrance, name), made]);
      }
    }
  }
  // The last edit of a key counts.
  const served = (known?.served ?? PersistentMap.empty<ServedRoutes>()).change(new Map(edits));
  const byCluster = deriveIndex(known?.byCluster, served, ({ clusters }) => clusters.map(clusterKey));
  return { served, byCluster, entrances, retries };
}
