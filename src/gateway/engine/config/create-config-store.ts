// Where xDS ends: feeds on responses, keeps what is valid of them, and offers it as the small types that requests are served from.
import { PersistentMap, persistent } from '../../../lib/incremental/persistent-map.ts';
import type { ReceivedResource, ReceivedUpdate } from '../../../xds/client/ads-client.ts';
import { pushOrder, type TypeUrl, typeUrls } from '../../../xds/type-urls.ts';
import { type AcceptedResources, createAcceptedResources } from './accepted-resources.ts';
import type { ConfigStore, ConfigWarning, WantedNames } from './config-store.ts';
import type { ConvertedCluster } from './convert-cluster.ts';
import type { ConvertedEndpoints } from './convert-endpoints.ts';
import type { ConvertedListener } from './convert-listener.ts';
import {
  convertClusterResource,
  convertEndpointsResource,
  convertListenerResource,
  convertRouteResource,
  convertScopeResource,
  convertSecretResource,
} from './convert-resource.ts';
import type { ClusterConfig, EngineConfig, ListenerConfig, RouteTable, SecretConfig } from './engine-config.ts';
import { rejectDuplicateAddresses } from './reject-duplicate-addresses.ts';

const empty: EngineConfig = {
  listeners: new Map(),
  scopes: new Map(),
  routes: PersistentMap.empty(),
  clusters: new Map(),
  secrets: new Map(),
};

export function createConfigStore(): ConfigStore {
  const listeners = createAcceptedResources(convertListenerResource, rejectDuplicateAddresses);
  const scopes = createAcceptedResources(convertScopeResource);
  const routes = createAcceptedResources(convertRouteResource);
  const clusters = createAcceptedResources(convertClusterResource);
  const endpoints = createAcceptedResources(convertEndpointsResource);
  const secrets = createAcceptedResources(convertSecretResource);
  const byType = {
    [typeUrls.listener]: listeners,
    [typeUrls.scopedRoute]: scopes,
    [typeUrls.route]: routes,
    [typeUrls.cluster]: clusters,
    [typeUrls.endpoint]: endpoints,
    [typeUrls.secret]: secrets,
  };
  /** What serves: the newest version whose needs were met, which may be older than the accepted one. */
  const servingListeners = new Map<string, ConvertedListener>();
  const servingClusters = new Map<string, ServingCluster>();
  const clustersByAssignment = new Map<string, string[]>();
  const subscribers = new Set<(config: EngineConfig) => void>();
  let current = empty;
  let wanted: WantedNames = { endpoints: [], scopes: false, routes: [], secrets: [], fileSecrets: [] };

  const hasScopes = (): boolean =>
    scopes.hasArrived() && [...scopes.accepted.values()].every(({ value }) => routes.isSettled(value.routeConfigName));

  const isWarm = ({ needs }: ConvertedListener): boolean =>
    [...needs.routes].every(routes.isSettled) &&
    (needs.scopes.size === 0 || hasScopes()) &&
    [...needs.secrets, ...needs.fileSecrets].every(secrets.isSettled);

  /** Whether one of them is another now. */
  const promoteListeners = (): boolean => {
    let isOther = false;
    for (const [name, { value }] of listeners.accepted) {
      if (servingListeners.get(name) === value || !isWarm(value)) continue;
      servingListeners.set(name, value);
      isOther = true;
    }
    for (const name of servingListeners.keys()) {
      if (listeners.accepted.has(name)) continue;
      servingListeners.delete(name);
      isOther = true;
    }
    return isOther;
  };

  /** Names of clusters by the assignment they wait for; made anew with every change of the clusters. */
  const indexAssignments = (): void => {
    clustersByAssignment.clear();
    for (const [name, { value }] of clusters.accepted) {
      if (value.endpointsName === undefined) continue;
      const names = clustersByAssignment.get(value.endpointsName);
      if (names) names.push(name);
      else clustersByAssignment.set(value.endpointsName, [name]);
    }
  };

  const promoteCluster = (name: string): void => {
    const cluster = clusters.accepted.get(name)?.value;
    if (cluster === undefined) {
      servingClusters.delete(name);
      return;
    }
    const { endpointsName, needs } = cluster;
    if (endpointsName !== undefined && !endpoints.isSettled(endpointsName)) return;
    if (![...needs.secrets, ...needs.fileSecrets].every(secrets.isSettled)) return;
    const assignment = endpointsName === undefined ? undefined : endpoints.accepted.get(endpointsName)?.value;
    const serving = servingClusters.get(name);
    if (serving?.cluster === cluster && serving.assignment === assignment) return;
    servingClusters.set(name, { cluster, assignment, config: assembleCluster(cluster, assignment) });
  };

  const servedClusters = (): readonly ConvertedCluster[] => [...servingClusters.values()].map(({ cluster }) => cluster);

  /** Warming and serving versions alike need what they name. */
  const collectWanted = (): void => {
    const named = [...[...listeners.accepted.values()].map(({ value }) => value), ...servingListeners.values()];
    const naming = [...named, ...[...clusters.accepted.values()].map(({ value }) => value), ...servedClusters()];
    const usesScopes = named.some(({ needs }) => needs.scopes.size > 0);
    // Asked for again later, they are waited for again.
    if (!usesScopes) scopes.forgetAll();
    const ofScopes = usesScopes ? [...scopes.accepted.values()].map(({ value }) => value.routeConfigName) : [];
    wanted = {
      ...wanted,
      scopes: usesScopes,
      routes: sortedNames([...named.flatMap(({ needs }) => [...needs.routes]), ...ofScopes]),
      secrets: sortedNames(naming.flatMap(({ needs }) => [...needs.secrets])),
      fileSecrets: sortedNames(naming.flatMap(({ needs }) => [...needs.fileSecrets])),
    };
    routes.keepOnly(new Set(wanted.routes));
    secrets.keepOnly(new Set([...wanted.secrets, ...wanted.fileSecrets]));
  };

  const collectWantedEndpoints = (): void => {
    const named = [...clusters.accepted.values()].map(({ value }) => value.endpointsName);
    const serving = [...servingClusters.values()].map(({ cluster }) => cluster.endpointsName);
    wanted = { ...wanted, endpoints: sortedNames([...named, ...serving].filter((name) => name !== undefined)) };
    endpoints.keepOnly(new Set(wanted.endpoints));
  };

  const applyToClusters = (update: ReceivedUpdate): void => {
    if (update.typeUrl === typeUrls.cluster) {
      forgetRemoved(clusters);
      indexAssignments();
      for (const name of new Set([...clusters.accepted.keys(), ...servingClusters.keys()])) promoteCluster(name);
      collectWantedEndpoints();
      // Clusters name secrets as listeners do.
      applyToListeners();
    } else if (update.typeUrl === typeUrls.secret) {
      for (const [name, { value }] of clusters.accepted)
        if (value.needs.secrets.size + value.needs.fileSecrets.size > 0) promoteCluster(name);
    } else {
      const names = [...update.resources.map(({ name }) => name), ...update.removed];
      for (const name of names.flatMap((assignment) => clustersByAssignment.get(assignment) ?? []))
        promoteCluster(name);
    }
    const next = mapValues(servingClusters, ({ config }): ClusterConfig => config);
    publish({ ...current, clusters: shared(current.clusters, next) });
  };

  /** A table that changes is one of many: the others are not looked at. */
  const applyToRoutes = (update: ReceivedUpdate): void => {
    if (promoteListeners()) {
      applyToListeners();
      return;
    }
    const names = [...update.resources.map(({ name }) => name), ...update.removed];
    const changed = names.map((name) => [name, routes.accepted.get(name)?.value] as const);
    publish({ ...current, routes: persistent(current.routes).change(changed) });
  };

  const applyToListeners = (): void => {
    forgetRemoved(listeners);
    forgetRemoved(scopes);
    promoteListeners();
    collectWanted();
    const serving = [...servingListeners.values()];
    publish({
      ...current,
      listeners: shared(
        current.listeners,
        mapValues(servingListeners, ({ config }): ListenerConfig => config),
      ),
      scopes: shared(
        current.scopes,
        new Map([...scopes.accepted.values()].map(({ value }) => [value.key, value.routeConfigName])),
      ),
      routes: replaced(
        persistent(current.routes),
        new Map<string, RouteTable>([
          ...mapValues(routes.accepted, ({ value }) => value),
          ...serving.flatMap(({ needs }) => [...needs.inlineRoutes]),
        ]),
      ),
      secrets: shared(
        current.secrets,
        new Map<string, SecretConfig>([
          ...[...secrets.accepted].flatMap(([name, { value }]): [string, SecretConfig][] =>
            value.config ? [[name, value.config]] : [],
          ),
          ...[...serving, ...servedClusters()].flatMap(({ needs }) => [...needs.inlineSecrets]),
        ]),
      ),
    });
  };

  const publish = (next: EngineConfig): void => {
    const same = (Object.keys(next) as (keyof EngineConfig)[]).every((kind) => next[kind] === current[kind]);
    if (same) return;
    current = next;
    for (const subscriber of [...subscribers]) subscriber(current);
  };

  const held = (typeUrl: TypeUrl): ReadonlyMap<string, ReceivedResource> =>
    mapValues<{ readonly received: ReceivedResource }, ReceivedResource>(
      byType[typeUrl].accepted,
      ({ received }) => received,
    );

  const hasAllClusters = (): boolean =>
    clusters.hasArrived() &&
    [...clusters.accepted].every(([name, { value }]) => servingClusters.get(name)?.cluster === value);

  return {
    apply: (update: ReceivedUpdate) => {
      const error = byType[update.typeUrl].apply(update);
      const { typeUrl } = update;
      const isOfListeners = typeUrl === typeUrls.listener || typeUrl === typeUrls.scopedRoute;
      if (typeUrl === typeUrls.route) applyToRoutes(update);
      else if (isOfListeners || typeUrl === typeUrls.secret) applyToListeners();
      if (!isOfListeners && typeUrl !== typeUrls.route) applyToClusters(update);
      return error === undefined ? undefined : describeRejection(update.typeUrl, error);
    },
    current: () => current,
    subscribe: (listener) => {
      subscribers.add(listener);
      return () => subscribers.delete(listener);
    },
    wanted: () => wanted,
    hasAllClusters,
    isComplete: () =>
      hasAllClusters() &&
      listeners.hasArrived() &&
      [...listeners.accepted].every(([name, { value }]) => servingListeners.get(name) === value),
    warnings: () =>
      pushOrder.flatMap((typeUrl) =>
        [...byType[typeUrl].accepted.values()]
          .filter(({ warnings }) => warnings.length > 0)
          .toSorted((a, b) => (a.received.name < b.received.name ? -1 : 1))
          .flatMap(({ received, warnings }) =>
            warnings.map((message): ConfigWarning => ({ typeUrl, name: received.name, message })),
          ),
      ),
    held,
    replay: () =>
      pushOrder
        .filter((typeUrl) => byType[typeUrl].hasArrived())
        .map((typeUrl) => ({
          typeUrl,
          resources: [...held(typeUrl).values()],
          removed: [...byType[typeUrl].without],
        })),
  };
}

interface ServingCluster {
  readonly cluster: ConvertedCluster;
  readonly assignment: ConvertedEndpoints | undefined;
  readonly config: ClusterConfig;
}

/** Known to be without an assignment: no endpoints, answered with "no healthy upstream". */
function assembleCluster(
  { base, endpoints, usable }: ConvertedCluster,
  assignment: ServingCluster['assignment'],
): ClusterConfig {
  const found = assignment ?? endpoints;
  return {
    ...base,
    version: `${base.version}/${found.version}`,
    lb: { ...base.lb, overprovisioningFactorPercent: found.overprovisioningFactorPercent },
    endpoints: usable ? found.endpoints : [],
  };
}

/** Nobody waits for a listener or cluster by name: that one was removed need not be known for ever. */
function forgetRemoved<Value>(resources: AcceptedResources<Value>): void {
  resources.keepOnly(new Set(resources.accepted.keys()));
}

const sortedNames = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();

function mapValues<From, To>(map: ReadonlyMap<string, From>, change: (value: From) => To): Map<string, To> {
  const changed = new Map<string, To>();
  for (const [name, value] of map) changed.set(name, change(value));
  return changed;
}

/** The old map with what is different in the new one. */
function replaced<Value>(old: PersistentMap<Value>, next: ReadonlyMap<string, Value>): PersistentMap<Value> {
  const gone = [...old.keys()].filter((name) => !next.has(name)).map((name) => [name, undefined] as const);
  return old.change([...gone, ...next]);
}

/** The old map if the new one holds the same objects: whoever compares sees at once that nothing changed. */
function shared<Value>(old: ReadonlyMap<string, Value>, next: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  if (old.size !== next.size) return next;
  for (const [name, value] of next) if (old.get(name) !== value) return next;
  return old;
}

function describeRejection(typeUrl: TypeUrl, errors: string): string {
  if (typeUrl === typeUrls.listener) return `Error adding/updating listener(s) ${errors}`;
  if (typeUrl === typeUrls.cluster) return `Error adding/updating cluster(s) ${errors}`;
  return errors;
}
