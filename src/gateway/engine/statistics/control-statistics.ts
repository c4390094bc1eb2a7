// What is counted of the gateway itself: what pilot sent, what became of it, and whether there is a pilot.
import type { ReceivedUpdate } from '../../../xds/client/ads-client.ts';
import { typeUrls } from '../../../xds/type-urls.ts';
import type { EngineConfig, HttpConnectionManager } from '../config/engine-config.ts';
import { addGroups, createRegistry } from './create-registry.ts';
import type { NamedNumber, StatisticsSnapshot } from './snapshot.ts';

export interface ControlStatistics {
  /** `refused`: why a part of it is not in force. */
  received(update: ReceivedUpdate, refused: string | undefined): void;
  /** What is in force now. */
  served(config: EngineConfig): void;
  connected(isConnected: boolean): void;
  snapshot(): Promise<StatisticsSnapshot>;
}

interface Versioned {
  readonly version: string;
}

const updateCounters = () => ({ update_rejected: 0, update_success: 0 });
type UpdateCounters = ReturnType<typeof updateCounters>;

export function createControlStatistics(concurrency: number): ControlStatistics {
  const registry = createRegistry();
  const startedAt = performance.now();
  const [cds, lds] = [updateCounters(), updateCounters()];
  const clusters = { cluster_added: 0, cluster_modified: 0, cluster_removed: 0 };
  const listeners = { listener_added: 0, listener_modified: 0, listener_removed: 0 };
  const activeClusters = { active_clusters: 0 };
  const activeListeners = { total_listeners_active: 0 };
  const controlPlane = { connected_state: 0 };
  const server = { concurrency, live: 0, uptime: 0 };
  /** By the name of the route table. */
  const routes = new Map<string, UpdateCounters>();
  let config: EngineConfig | undefined;

  const routeNumbers = (): readonly NamedNumber[] =>
    managersOf(config).flatMap(({ statPrefix, routeConfigName }) =>
      Object.entries(routes.get(routeConfigName) ?? {}).map(
        ([name, value]) => [`${statPrefix}.rds.${routeConfigName}.${name}`, value] as const,
      ),
    );
  addGroups(registry, [
    ['cluster_manager.', { counters: clusters, gauges: activeClusters }],
    ['cluster_manager.cds.', { counters: cds }],
    ['listener_manager.', { counters: listeners, gauges: activeListeners }],
    ['listener_manager.lds.', { counters: lds }],
    ['control_plane.', { gauges: controlPlane }],
    ['http.', { more: routeNumbers }],
    [
      'server.',
      {
        gauges: server,
        refresh: () => {
          server.uptime = Math.floor((performance.now() - startedAt) / 1000);
        },
      },
    ],
  ]);

  return {
    received: ({ typeUrl, resources }, refused) => {
      const outcome = refused === undefined ? 'update_success' : 'update_rejected';
      if (typeUrl === typeUrls.cluster) cds[outcome]++;
      else if (typeUrl === typeUrls.listener) lds[outcome]++;
      else if (typeUrl === typeUrls.route)
        for (const { name } of resources) {
          // Of single hosts nobody asks for numbers.
          if (isScope(name)) continue;
          const counters = routes.get(name) ?? updateCounters();
          routes.set(name, counters);
          counters[outcome]++;
        }
    },
    served: (next) => {
      if (config !== undefined && config.clusters === next.clusters && config.listeners === next.listeners) {
        config = next;
        return;
      }
      const changedClusters = compare(config?.clusters, next.clusters);
      clusters.cluster_added += changedClusters.added;
      clusters.cluster_modified += changedClusters.modified;
      clusters.cluster_removed += changedClusters.removed;
      const changedListeners = compare(config?.listeners, next.listeners);
      listeners.listener_added += changedListeners.added;
      listeners.listener_modified += changedListeners.modified;
      listeners.listener_removed += changedListeners.removed;
      config = next;
      activeClusters.active_clusters = next.clusters.size;
      activeListeners.total_listeners_active = next.listeners.size;
      server.live = 1;
      // Only tables that are served are told: names of others would pile up.
      const served = new Set(managersOf(next).map(({ routeConfigName }) => routeConfigName));
      for (const name of routes.keys()) if (!served.has(name) && !next.routes.has(name)) routes.delete(name);
    },
    connected: (isConnected) => {
      controlPlane.connected_state = isConnected ? 1 : 0;
    },
    snapshot: registry.snapshot,
  };
}

const isScope = (name: string): boolean => name.includes('/');

/** Each table once, however many chains have it. */
function managersOf(config: EngineConfig | undefined): readonly HttpConnectionManager[] {
  const chains = [...(config?.listeners.values() ?? [])].flatMap(({ filterChains, defaultFilterChain }) => [
    ...filterChains,
    ...(defaultFilterChain ? [defaultFilterChain] : []),
  ]);
  const managers = chains.flatMap(({ network }) => (network.kind === 'http' ? [network] : []));
  return [...new Map(managers.map((one) => [`${one.statPrefix} ${one.routeConfigName}`, one])).values()];
}

function compare(
  before: ReadonlyMap<string, Versioned> = new Map(),
  after: ReadonlyMap<string, Versioned>,
): { readonly added: number; readonly modified: number; readonly removed: number } {
  let [added, modified, removed] = [0, 0, 0];
  for (const [name, { version }] of after) {
    const known = before.get(name);
    if (known === undefined) added++;
    else if (known.version !== version) modified++;
  }
  for (const name of before.keys()) if (!after.has(name)) removed++;
  return { added, modified, removed };
}
