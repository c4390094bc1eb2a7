// Model and class of proxy → what exactly such a proxy serves. What a change of the model leaves alone keeps its identity.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Derived, deriveValues, type Recalled, recall, type Union } from '../../lib/incremental/derive.ts';
import { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import { applyTrafficPolicies, type TrafficResult } from './apply-traffic-policies.ts';
import { type AuthorizationResult, buildAuthorization, uncheckedConnections } from './build-authorization.ts';
import { buildListenerView, type ListenerStage } from './build-listener-view.ts';
import { groupChanges } from './build-route-table.ts';
import { checkConnectionLimit } from './check-connection-limit.ts';
import { checkLocality, goesByPlace } from './check-locality.ts';
import { checkPortName } from './check-port-name.ts';
import { collectFindings, type Findings } from './collect-findings.ts';
import { inPrecedence } from './compare-resources.ts';
import { concernedHosts } from './concerned-hosts.ts';
import { type ProxyPlace, proxyPlace } from './locality.ts';
import { type MergedListener, type MergeResult, mergeServers, type PlacedServer } from './merge-servers.ts';
import type { Lineage, Model, ModelService } from './model.ts';
import type { PortRow } from './port-row.ts';
import { type ProxyClass, proxyClassKey } from './proxy-class.ts';
import type { ClusterView, ProxyView } from './proxy-view.ts';
import { mergeDiagnostics } from './report.ts';
import { isInFront } from './resolve-port.ts';
import { type AccessLogs, selectAccessLogs } from './select-access-logs.ts';
import { type Clusters, selectClusters } from './select-clusters.ts';
import { type EnvoyPatches, selectEnvoyFilters } from './select-envoy-filters.ts';
import { type RequestAuthentications, selectRequestAuthentications } from './select-request-authentications.ts';
import { type SecretsResult, selectSecrets } from './select-secrets.ts';
import {
  type ClusterUse,
  clusterKey,
  type ServedVirtualServices,
  serveVirtualServices,
  useOf,
} from './serve-virtual-services.ts';

/** What a view was made of on the way: the next one is made from it. */
interface Stages {
  readonly fronts: Derived<ModelService, ModelService>;
  readonly inFront: Recalled<readonly ModelService[]>;
  readonly merged: Recalled<MergeResult>;
  readonly served: ServedVirtualServices;
  readonly listeners: ReadonlyMap<string, ListenerStage>;
  readonly authorized: Recalled<AuthorizationResult>;
  readonly otherUses: Recalled<Union<ClusterUse>['more']>;
  readonly clusters: Clusters;
  readonly secured: Derived<ClusterView, ClusterView>;
  readonly secrets: Recalled<SecretsResult>;
  readonly accessLogs: Recalled<AccessLogs>;
  readonly requestAuthentications: Recalled<RequestAuthentications>;
  readonly traffic: Recalled<TrafficResult>;
  readonly envoyFilters: Recalled<EnvoyPatches>;
  readonly connectionLimit: Recalled<readonly Diagnostic[]>;
  readonly place: Recalled<ProxyPlace>;
  readonly located: Derived<ClusterView, ClusterView>;
  readonly locality: Recalled<readonly Diagnostic[]>;
  readonly portNames: Findings<ClusterView>;
  readonly unchecked: Recalled<readonly Diagnostic[]>;
  readonly ports: Recalled<readonly PortRow[]>;
  readonly diagnostics: Recalled<readonly Diagnostic[]>;
}

interface KnownView {
  readonly model: Model;
  readonly view: ProxyView;
  readonly stages: Stages;
}

/** The newest view of each class. Only a shortcut: a view never depends on what came before it. */
const knownViews = new WeakMap<Lineage, Map<string, KnownView>>();

/** For the model after `previous`: views that nobody asked for any more are forgotten. */
export function followViews(previous: Model | undefined): Lineage {
  const lineage = previous?.lineage ?? {};
  const byClass = knownViews.get(lineage) ?? new Map<string, KnownView>();
  for (const [key, { model }] of byClass) if (model !== previous) byClass.delete(key);
  return lineage;
}

const isHttp = ({ kind }: PlacedServer['server']): boolean => kind === 'http' || kind === 'https';
const listenerKey = ({ bind, targetPort }: MergedListener): string => `${bind} ${targetPort}`;

function portRows(listener: MergedListener, served: boolean): readonly PortRow[] {
  const rows = new Map<number, PortRow>();
  for (const { gateway, server, resolved } of listener.servers) {
    const row = rows.get(server.port);
    if (row !== undefined) {
      const known = row.owners.includes(gateway.ref);
      if (!known) rows.set(server.port, { ...row, owners: [...row.owners, gateway.ref] });
      continue;
    }
    rows.set(server.port, {
      bind: listener.bind,
      gatewayPort: server.port,
      protocol: server.protocol,
      service: resolved.service?.ref,
      servicePort: resolved.servicePort?.port,
      targetPort: listener.targetPort,
      nodePort: resolved.servicePort?.nodePort,
      bound: listener.binding,
      served,
      owners: [gateway.ref],
    });
  }
  return [...rows.values()];
}

/** A cluster whose endpoints only are others stays what it was. */
const keepSecured = (cluster: ClusterView, _key: string, before: ClusterView | undefined): ClusterView | undefined => {
  if (typeof cluster.tls !== 'object') return undefined;
  return before?.tls === cluster.tls && before.rule === cluster.rule && before.policy === cluster.policy
    ? before
    : cluster;
};
const keepLocated = (cluster: ClusterView, _key: string, before: ClusterView | undefined): ClusterView | undefined => {
  if (!goesByPlace(cluster)) return undefined;
  return before?.rule === cluster.rule && before?.policy === cluster.policy ? before : cluster;
};

function build(known: KnownView | undefined, model: Model, proxyClass: ProxyClass): KnownView {
  const stages = known?.stages;
  const before = known?.model;
  const fronts = deriveValues(stages?.fronts, model.serviceShapes, (service) =>
    isInFront(service, proxyClass) ? service : undefined,
  );
  const inFront = recall(stages?.inFront, [fronts.output], () => inPrecedence(fronts.output.values()));
  const merged = recall(stages?.merged, [model.gateways, model.likeIstio, inFront.value], () =>
    mergeServers(model, proxyClass, inFront.value),
  );
  const { listeners } = merged.value;
  const concerned = concernedHosts(before, model);
  const served = serveVirtualServices(stages?.served, before, model, proxyClass, listeners, concerned);
  const claiming = {
    model,
    proxyNamespace: proxyClass.namespace,
    served: served.served,
    changes: groupChanges(stages?.served.served ?? PersistentMap.empty(), served.served),
  };
  const listenerStages = new Map(
    listeners.map((listener) => {
      const key = listenerKey(listener);
      return [key, buildListenerView(stages?.listeners.get(key), proxyClass, listener, claiming)] as const;
    }),
  );
  const built = listeners.map((listener) => ({ listener, stage: listenerStages.get(listenerKey(listener)) }));
  const views = built.flatMap(({ stage }) => stage?.view.value ?? []);
  const filledTables = built.flatMap(({ stage }) => stage?.answered.value ?? []);

  const authorized = recall(stages?.authorized, [model.authorizationPolicies, model.mesh, ...asks(model)], () =>
    buildAuthorization(model, proxyClass),
  );
  const chainUses = built.map(({ stage }) => stage?.chains.value.uses);
  const otherUses = recall(stages?.otherUses, [authorized.value, ...chainUses], () =>
    [...chainUses.flatMap((uses) => uses ?? []), ...authorized.value.clusters.map(useOf)].map(
      (use) => [clusterKey(use), use] as const,
    ),
  );
  const clusters = selectClusters(
    stages?.clusters,
    before,
    model,
    proxyClass,
    served.byCluster.output,
    otherUses.value,
    concerned,
  );
  const all = clusters.clusters.output;

  const secured = deriveValues(stages?.secured, all, keepSecured);
  const isOverdue = stages !== undefined && model.builtAt >= stages.secrets.value.until;
  const secrets = recall(
    isOverdue ? undefined : stages?.secrets,
    [model.certificates, model.roots, merged.value, secured.output],
    () =>
      selectSecrets(
        model,
        proxyClass,
        listeners.flatMap(({ servers }) => servers),
        [...secured.output.values()],
      ),
  );
  const accessLogs = recall(stages?.accessLogs, [model.telemetries, model.mesh], () =>
    selectAccessLogs(model.telemetries, model.mesh, proxyClass),
  );
  const requestAuthentications = recall(
    stages?.requestAuthentications,
    [model.requestAuthentications, model.mesh, ...(model.requestAuthentications.length > 0 ? [model.fetchedKeys] : [])],
    () => selectRequestAuthentications(model.requestAuthentications, model.fetchedKeys, model.mesh, proxyClass),
  );
  const traffic = recall(stages?.traffic, [model.trafficPolicies, model.mesh, ...views, ...filledTables], () =>
    applyTrafficPolicies(model.trafficPolicies, model.mesh, proxyClass, views, filledTables),
  );
  const envoyFilters = recall(stages?.envoyFilters, [model.envoyFilters, model.mesh], () =>
    selectEnvoyFilters(model.envoyFilters, model.mesh, proxyClass),
  );
  const place = recall(stages?.place, [model.nodes], () => proxyPlace(model.nodes, proxyClass));

  const located = deriveValues(stages?.located, all, keepLocated);
  const locality = recall(stages?.locality, [located.output, place.value], () =>
    checkLocality([...located.output.values()], proxyClass, place.value),
  );
  const portNames = collectFindings(stages?.portNames, all, ({ service }) => service.resource, checkPortName);
  const isServed = built.map(({ stage }) => stage?.view.value !== undefined);
  const ports = recall(stages?.ports, [merged.value, isServed.join()], () =>
    built
      .flatMap(({ listener }, i) => portRows(listener, isServed[i] === true))
      .sort((a, b) => a.gatewayPort - b.gatewayPort || (a.bind < b.bind ? -1 : 1)),
  );
  const { authorization } = authorized.value;
  const unchecked = recall(stages?.unchecked, [authorization, merged.value, isServed.join()], () =>
    uncheckedConnections(
      model,
      authorization,
      built.flatMap(({ listener }, i) =>
        isServed[i] ? listener.servers.flatMap(({ server }) => (isHttp(server) ? [] : [server.port])) : [],
      ),
    ),
  );
  const connectionLimit = recall(stages?.connectionLimit, [model.mesh, model.settings], () =>
    checkConnectionLimit(model, proxyClass),
  );
  const lists = [
    merged.value.diagnostics,
    ...built.map(({ stage }) => stage?.chains.value.diagnostics ?? []),
    secrets.value.diagnostics,
    accessLogs.value.diagnostics,
    connectionLimit.value,
    requestAuthentications.value.diagnostics,
    envoyFilters.value.diagnostics,
    authorized.value.diagnostics,
    traffic.value.diagnostics,
    locality.value,
    unchecked.value,
    portNames.list.value,
  ];
  const diagnostics = recall(stages?.diagnostics, [model.moves, ...lists], () => mergeDiagnostics(...lists));
  const view: ProxyView = {
    place: place.value,
    mesh: model.mesh,
    routeMode: model.routeMode,
    accessLogs: accessLogs.value,
    envoyPatches: envoyFilters.value.patches,
    requestAuthentications: requestAuthentications.value,
    authorization,
    preserveHeaderCase:
      model.mesh.proxy.headers.preserveHttp1HeaderCase ||
      traffic.value.listeners.some((listener) => listener.traffic?.preserveHeaderCase === true),
    listeners: traffic.value.listeners,
    routeTables: traffic.value.routeTables,
    clusters: all,
    secrets: secrets.value.secrets,
    ports: ports.value,
    diagnostics: diagnostics.value,
  };
  return {
    model,
    view,
    stages: {
      fronts,
      inFront,
      merged,
      served,
      listeners: listenerStages,
      authorized,
      otherUses,
      clusters,
      secured,
      secrets,
      accessLogs,
      requestAuthentications,
      traffic,
      envoyFilters,
      connectionLimit,
      place,
      located,
      locality,
      portNames,
      unchecked,
      ports,
      diagnostics,
    },
  };
}

/** Who may be asked about requests stands behind Services. */
const asks = (model: Model): readonly unknown[] =>
  model.mesh.extAuthzProviders.length === 0 ? [] : [model.serviceShapes, model.destinationRules];

/** Equal classes of one model share one view. */
export function buildProxyView(model: Model, proxyClass: ProxyClass): ProxyView {
  const byClass = knownViews.get(model.lineage) ?? new Map<string, KnownView>();
  knownViews.set(model.lineage, byClass);
  const key = proxyClassKey(proxyClass);
  const known = byClass.get(key);
  if (known?.model === model) return known.view;
  const built = build(known, model, proxyClass);
  byClass.set(key, built);
  return built.view;
}
