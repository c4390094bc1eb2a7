// Everything that something leads to → the clusters as they are now, endpoints included: a change of one Service touches its own.
import { isDeepStrictEqual } from 'node:util';
import { type Derived, deriveIndex, deriveUnion, deriveValues, type Union } from '../../lib/incremental/derive.ts';
import { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import type { ClusterView } from './cluster-view.ts';
import { type ConcernedHosts, keysFor } from './concerned-hosts.ts';
import type { Model } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import { clusterOf } from './resolve-destination.ts';
import { type ClusterUse, clusterKey, type ServedRoutes } from './serve-virtual-services.ts';

export interface Clusters {
  readonly used: Derived<PersistentMap<ServedRoutes>, ClusterUse>;
  readonly all: Union<ClusterUse>;
  readonly byHost: Derived<ClusterUse, PersistentMap<ClusterUse>>;
  readonly clusters: Derived<ClusterUse, ClusterView>;
}

function viewOf(
  model: Model,
  proxyClass: ProxyClass,
  use: ClusterUse,
  before: ClusterView | undefined,
): ClusterView | undefined {
  const service = model.services.get(use.host);
  const port = service?.ports.find((candidate) => candidate.port === use.port);
  const found = service && port && clusterOf(model, { service, port, subset: use.subset }, proxyClass);
  if (found === undefined) return undefined;
  // What comes for sidecars is encrypted already.
  const cluster: ClusterView = use.sniDnat ? { ...found, tls: undefined, sniDnat: true } : found;
  if (before === undefined || !isDeepStrictEqual(before.tls, cluster.tls)) return cluster;
  const { subset, rule, policy } = cluster;
  const isSame =
    before.service === service &&
    before.port === port &&
    before.subset === subset &&
    before.rule === rule &&
    before.policy === policy;
  return isSame ? before : { ...cluster, tls: before.tls };
}

/** `others`: what leads somewhere that is no VirtualService's route. The key of each is `clusterKey` of its use. */
export function selectClusters(
  previous: Clusters | undefined,
  before: Model | undefined,
  model: Model,
  proxyClass: ProxyClass,
  byCluster: PersistentMap<PersistentMap<ServedRoutes>>,
  others: Union<ClusterUse>['more'],
  concerned: ConcernedHosts,
): Clusters {
  const used = deriveValues(previous?.used, byCluster, (users, key, known) => {
    if (known !== undefined) return known;
    const [first] = users.values();
    return first?.clusters.find((use) => clusterKey(use) === key);
  });
  const all = deriveUnion(previous?.all, used.output, others);
  const byHost = deriveIndex(previous?.byHost, all.output, ({ host }) => [host]);
  const changed = PersistentMap.changesBetween(before?.services ?? PersistentMap.empty(), model.services);
  const hosts: ConcernedHosts =
    before === undefined || concerned === 'all' ? 'all' : new Set([...concerned, ...changed.map(({ key }) => key)]);
  const clusters = deriveValues(
    previous?.clusters,
    all.output,
    (use, _key, known) => viewOf(model, proxyClass, use, known),
    keysFor(hosts, byHost.output, all.output),
  );
  return { used, all, byHost, clusters };
}
