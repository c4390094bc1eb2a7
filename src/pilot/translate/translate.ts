// Model → everything a class of proxies gets, as encoded Envoy resources. Pure: the same input gives the same bytes.
import {
  type Derived,
  deriveMerged,
  deriveNamed,
  deriveUnion,
  deriveValues,
  type Merged,
  type Recalled,
  recall,
  type Union,
} from '../../lib/incremental/derive.ts';
import { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import type { ResourceReference, ResourceSet, XdsResource } from '../../xds/resource.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';
import { buildProxyView } from '../model/build-proxy-view.ts';
import type { Lineage, Model } from '../model/model.ts';
import { type ProxyClass, proxyClassKey } from '../model/proxy-class.ts';
import type {
  ClusterView,
  ListenerView,
  ProxyView,
  RouteTableKey,
  RouteTableView,
  SecretView,
} from '../model/proxy-view.ts';
import { isScoped } from './scoped/is-scoped.ts';
import { type ScopedTable, translateScopedTable } from './scoped/translate-scoped-table.ts';
import { secretName } from './secret-name.ts';
import { type ClusterResources, translateBlackHoleCluster, translateCluster } from './translate-cluster.ts';
import { type TranslatedListener, translateListener } from './translate-listener.ts';
import {
  type EncodedTable,
  encodeRouteTable,
  routeTableName,
  type TranslatedTable,
  translateRouteTable,
} from './translate-route-table.ts';
import { translateSecret } from './translate-secret.ts';

type Resources = PersistentMap<XdsResource>;

/** What the resources of a view were made of on the way: the next ones are made from it. */
interface Stages {
  readonly clusterSettings: Recalled<Parameters<typeof translateCluster>[1]>;
  readonly translated: Derived<ClusterView, ClusterResources>;
  readonly clusters: Derived<ClusterResources, XdsResource>;
  readonly allClusters: Union<XdsResource>;
  readonly clusterNames: Derived<XdsResource, true>;
  readonly endpoints: Derived<ClusterResources, XdsResource>;
  readonly secretViews: Recalled<PersistentMap<SecretView>>;
  readonly secrets: Derived<SecretView, XdsResource>;
  readonly secretNames: Derived<XdsResource, true>;
  readonly tables: ReadonlyMap<RouteTableKey, Table>;
  readonly sharedRoutes: Resources;
  readonly routes: Merged<XdsResource>;
  readonly scopes: Merged<XdsResource>;
  readonly routeNames: Recalled<undefined>;
  readonly existing: Recalled<object>;
  readonly listeners: ReadonlyMap<string, TranslatedListener>;
  readonly listenerResources: Resources;
}

/** One resource, or as many as it has hosts. */
interface Table {
  readonly encoded: EncodedTable;
  readonly shared: TranslatedTable | undefined;
  readonly scoped: ScopedTable | undefined;
}

function translateTable(
  previous: Table | undefined,
  table: RouteTableView,
  view: ProxyView,
  clusters: PersistentMap<unknown>,
): Table {
  const encoded = encodeRouteTable(previous?.encoded, table, view.mesh.proxy.headers);
  // What was made for other headers is no use.
  const known = previous?.encoded.headers === encoded.headers ? previous : undefined;
  if (!isScoped(view, table, previous?.scoped !== undefined))
    return { encoded, shared: translateRouteTable(known?.shared, table, encoded, clusters), scoped: undefined };
  const { output } = encoded.encoded;
  const scoped = translateScopedTable(known?.scoped, table, output, encoded.others.value, clusters);
  return { encoded, shared: undefined, scoped };
}

interface Translation {
  readonly view: ProxyView;
  readonly set: ResourceSet;
  readonly stages: Stages;
}

/** The newest translation of each class, as the views are kept. */
const translations = new WeakMap<Lineage, Map<string, Translation & { readonly of: Model }>>();

/** Nothing is told of a resource that comes out as it was, though it was made again. */
function keepCluster(made: ClusterResources, before: ClusterResources | undefined): ClusterResources {
  if (before === undefined || made === before) return made;
  const keep = <One extends XdsResource | undefined>(now: One, old: One): One =>
    now !== undefined && now.version === old?.version && sameOrigin(now, old) ? old : now;
  return { ...made, cluster: keep(made.cluster, before.cluster), endpoints: keep(made.endpoints, before.endpoints) };
}

const sameOrigin = (a: XdsResource, b: XdsResource): boolean =>
  JSON.stringify([a.references, a.owners]) === JSON.stringify([b.references, b.owners]);

const named = (resource: XdsResource | undefined) =>
  resource === undefined ? undefined : ([resource.name, resource] as const);

const blackHole = translateBlackHoleCluster();
const always = [[blackHole.name, blackHole]] as const;

const here = (): true => true;

/** With exactly these, those that are the same keeping their place. */
function replaceAll(previous: Resources | undefined, resources: readonly XdsResource[]): Resources {
  const known = previous ?? PersistentMap.empty<XdsResource>();
  const now = new Map(resources.map((resource) => [resource.name, resource]));
  const gone = [...known.keys()].filter((name) => !now.has(name)).map((name) => [name, undefined] as const);
  return known.change([...gone, ...now]);
}

const listenerKey = ({ bind, targetPort }: ListenerView): string => `${bind} ${targetPort}`;

function translateView(previous: Translation | undefined, view: ProxyView): Translation {
  const known = previous?.stages;
  const { mesh, place, preserveHeaderCase } = view;
  const clusterSettings = recall(known?.clusterSettings, [mesh.upstream, preserveHeaderCase, place], () => ({
    ...mesh.upstream,
    preserveHeaderCase,
  }));
  const isSameSettings = known?.clusterSettings === clusterSettings;
  const translated = deriveValues(
    known?.translated,
    view.clusters,
    (cluster, _key, before) => keepCluster(translateCluster(cluster, clusterSettings.value, place), before),
    isSameSettings ? [] : view.clusters.keys(),
  );
  const clusters = deriveNamed(known?.clusters, translated.output, ({ cluster }) => named(cluster));
  const allClusters = deriveUnion(known?.allClusters, clusters.output, always);
  const clusterNames = deriveValues(known?.clusterNames, allClusters.output, here);
  const endpoints = deriveNamed(known?.endpoints, translated.output, (one) => named(one.endpoints));
  const secretViews = recall(known?.secretViews, [view.secrets], () =>
    PersistentMap.from(view.secrets.map((one) => [secretName(one.secret), one] as const)),
  );
  const secrets = deriveValues(known?.secrets, secretViews.value, translateSecret);
  const secretNames = deriveValues(known?.secretNames, secrets.output, here);
  const tables = new Map(
    view.routeTables.map((table) => [
      table.key,
      translateTable(known?.tables.get(table.key), table, view, clusterNames.output),
    ]),
  );
  const sharedRoutes = replaceAll(
    known?.sharedRoutes,
    [...tables.values()].flatMap(({ shared }) => shared?.resource.value ?? []),
  );
  const scopedTables = new Map(
    [...tables].flatMap(([key, { scoped }]) => (scoped ? [[routeTableName(key), scoped] as const] : [])),
  );
  const scopes = deriveMerged(known?.scopes, new Map([...scopedTables].map(([name, one]) => [name, one.scopes])));
  const routes = deriveMerged(
    known?.routes,
    new Map([
      ['shared', sharedRoutes],
      ...[...scopedTables].map(([name, one]) => [`scopes of ${name}`, one.routes] as const),
    ]),
  );
  const routeNames = recall(known?.routeNames, [...tables.keys(), ...scopedTables.keys()], () => undefined);
  const byType = new Map<TypeUrl, Resources>([
    [typeUrls.cluster, allClusters.output],
    [typeUrls.endpoint, endpoints.output],
    [typeUrls.secret, secrets.output],
    [typeUrls.scopedRoute, scopes.output],
    [typeUrls.route, routes.output],
  ]);
  const exists = ({ typeUrl, name }: ResourceReference): boolean =>
    typeUrl === typeUrls.scopedRoute || byType.get(typeUrl)?.has(name) === true;
  const existing = recall(known?.existing, [clusterNames.output, secretNames.output, routeNames], () => ({}));
  const listeners = new Map(
    view.listeners.map((listener) => {
      const key = listenerKey(listener);
      const isTableScoped = (table: RouteTableKey): boolean => tables.get(table)?.scoped !== undefined;
      return [
        key,
        translateListener(known?.listeners.get(key), listener, view, isTableScoped, existing, exists),
      ] as const;
    }),
  );
  const listenerResources = replaceAll(
    known?.listenerResources,
    [...listeners.values()].map(({ resource }) => resource.value),
  );
  const stages = {
    clusterSettings,
    translated,
    clusters,
    allClusters,
    clusterNames,
    endpoints,
    secretViews,
    secrets,
    secretNames,
    tables,
    sharedRoutes,
    routes,
    scopes,
    routeNames,
    existing,
    listeners,
    listenerResources,
  };
  return { view, set: new Map([...byType, [typeUrls.listener, listenerResources]]), stages };
}

/** Equal classes of one model share a view, and so one result. */
export function translate(model: Model, proxyClass: ProxyClass): ResourceSet {
  const view = buildProxyView(model, proxyClass);
  const known = translations.get(model.lineage) ?? new Map<string, Translation & { readonly of: Model }>();
  translations.set(model.lineage, known);
  const key = proxyClassKey(proxyClass);
  const before = known.get(key);
  if (before?.view === view) return before.set;
  const translation = translateView(before, view);
  // What nobody has asked for since the model before is forgotten.
  for (const [other, { of }] of known)
    if (before !== undefined && of !== model && of !== before.of) known.delete(other);
  known.set(key, { ...translation, of: model });
  return translation.set;
}
