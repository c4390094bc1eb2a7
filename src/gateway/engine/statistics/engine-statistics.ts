// The statistics of one engine by what they are of: each is made when the configuration names it, and goes with it.

import { type Derived, deriveIndex } from '../../../lib/incremental/derive.ts';
import { type PersistentMap, persistent } from '../../../lib/incremental/persistent-map.ts';
import type { EngineConfig, FilterChainConfig, RouteTable } from '../config/engine-config.ts';
import { type ClusterStatistics, createClusterStatistics, registerCluster } from './cluster-statistics.ts';
import {
  createListenerStatistics,
  createTcpStatistics,
  type ListenerStatistics,
  listenerStatName,
  registerListener,
  registerTcp,
  type TcpStatistics,
} from './connection-statistics.ts';
import { createRegistry, type Registry } from './create-registry.ts';
import { createFilterStatistics, type FilterStatistics } from './filter-statistics.ts';
import { createHttpStatistics, type HttpStatistics, registerHttp } from './http-statistics.ts';
import { createRouteStatistics, type RouteStatistics, registerRoute, routeStatName } from './route-statistics.ts';
import type { StatisticsSnapshot } from './snapshot.ts';

/** What is asked for under a name that is no more is counted and never told: connections may outlive their listener. */
export interface EngineStatistics {
  /** Before the configuration is in force. */
  apply(config: EngineConfig): void;
  listener(at: { readonly address: string; readonly port: number }): ListenerStatistics;
  http(statPrefix: string): HttpStatistics;
  tcp(statPrefix: string): TcpStatistics;
  cluster(of: { readonly name: string; readonly altStatName?: string }): ClusterStatistics;
  route(virtualHost: string, statPrefix: string): RouteStatistics;
  readonly filters: FilterStatistics;
  snapshot(): Promise<StatisticsSnapshot>;
}

export const clusterStatName = ({ name, altStatName }: { readonly name: string; readonly altStatName?: string }) =>
  altStatName || name;

export function createEngineStatistics(): EngineStatistics {
  const registry = createRegistry();
  const listeners = createKind(registry, createListenerStatistics, registerListener);
  const http = createKind(registry, createHttpStatistics, registerHttp);
  const tcp = createKind(registry, createTcpStatistics, registerTcp);
  const routes = createKind(registry, createRouteStatistics, registerRoute);
  const clusters = createKind(registry, createClusterStatistics, registerCluster);
  let applied: EngineConfig | undefined;
  let tablesByName: Derived<RouteTable, PersistentMap<RouteTable>> | undefined;
  return {
    apply: (config) => {
      const before = applied;
      applied = config;
      if (before?.routes !== config.routes) {
        // Of ten thousand tables one is another.
        tablesByName = deriveIndex(tablesByName, persistent(config.routes), namesOfRoutes);
        routes.keep(new Set(tablesByName.output.keys()));
      }
      if (before?.clusters !== config.clusters)
        clusters.keep(new Set([...config.clusters.values()].map(clusterStatName)));
      if (before?.listeners === config.listeners) return;
      const served = [...config.listeners.values()];
      const networks = served.flatMap(chainsOf).map(({ network }) => network);
      listeners.keep(new Set(served.map(listenerStatName)));
      for (const [kind, statistics] of [['http', http] as const, ['tcp', tcp] as const])
        statistics.keep(new Set(networks.filter((one) => one.kind === kind).map(({ statPrefix }) => statPrefix)));
    },
    listener: (at) => listeners.get(listenerStatName(at)),
    http: http.get,
    tcp: tcp.get,
    cluster: (of) => clusters.get(clusterStatName(of)),
    route: (virtualHost, statPrefix) => routes.get(routeStatName(virtualHost, statPrefix)),
    filters: createFilterStatistics(registry),
    snapshot: registry.snapshot,
  };
}

const namesOfRoutes = ({ virtualHosts }: RouteTable): readonly string[] =>
  virtualHosts.flatMap(({ name, routes }) =>
    routes.flatMap(({ statPrefix }) => (statPrefix === undefined ? [] : [routeStatName(name, statPrefix)])),
  );

const chainsOf = (listener: {
  readonly filterChains: readonly FilterChainConfig[];
  readonly defaultFilterChain: FilterChainConfig | undefined;
}): readonly FilterChainConfig[] => [
  ...listener.filterChains,
  ...(listener.defaultFilterChain === undefined ? [] : [listener.defaultFilterChain]),
];

interface Kind<T> {
  get(name: string): T;
  keep(names: ReadonlySet<string>): void;
}

function createKind<T>(
  registry: Registry,
  create: () => T,
  register: (registry: Registry, name: string, statistics: T) => () => void,
): Kind<T> {
  const known = new Map<string, { readonly statistics: T; readonly remove: () => void }>();
  return {
    get: (name) => known.get(name)?.statistics ?? create(),
    keep: (names) => {
      for (const [name, { remove }] of known) {
        if (names.has(name)) continue;
        known.delete(name);
        remove();
      }
      for (const name of names) {
        if (known.has(name)) continue;
        const statistics = create();
        known.set(name, { statistics, remove: register(registry, name, statistics) });
      }
    },
  };
}
