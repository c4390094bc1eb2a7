// Model → everything a class of proxies gets, as encoded Envoy resources. Pure: the same input gives the same bytes.
import type { ResourceReference, ResourceSet, XdsResource } from '../../xds/resource.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';
import { buildProxyView } from '../model/build-proxy-view.ts';
import type { Model } from '../model/model.ts';
import type { ProxyClass } from '../model/proxy-class.ts';
import type { ProxyView } from '../model/proxy-view.ts';
import { translateBlackHoleCluster, translateCluster } from './translate-cluster.ts';
import { translateListener } from './translate-listener.ts';
import { translateRouteTable } from './translate-route-table.ts';
import { translateSecret } from './translate-secret.ts';

/** Sorted by name. */
function byName(resources: readonly XdsResource[]): ReadonlyMap<string, XdsResource> {
  return new Map(resources.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((resource) => [resource.name, resource]));
}

/** Equal classes of one model share a view, and so one result. */
const results = new WeakMap<ProxyView, ResourceSet>();

function translateView(view: ProxyView): ResourceSet {
  const settings = { ...view.mesh.upstream, preserveHeaderCase: view.preserveHeaderCase };
  const clusters = view.clusters.map((cluster) => translateCluster(cluster, settings, view.place));
  const set = new Map<TypeUrl, ReadonlyMap<string, XdsResource>>();
  set.set(typeUrls.cluster, byName([translateBlackHoleCluster(), ...clusters.map(({ cluster }) => cluster)]));
  set.set(typeUrls.endpoint, byName(clusters.flatMap(({ endpoints }) => endpoints ?? [])));
  set.set(typeUrls.secret, byName(view.secrets.map(translateSecret)));
  const exists = ({ typeUrl, name }: ResourceReference): boolean => set.get(typeUrl)?.has(name) === true;
  const hasCluster = (name: string): boolean => exists({ typeUrl: typeUrls.cluster, name });
  set.set(
    typeUrls.route,
    byName(view.routeTables.map((table) => translateRouteTable(table, view.mesh.proxy.headers, hasCluster))),
  );
  set.set(typeUrls.listener, byName(view.listeners.map((listener) => translateListener(listener, view, exists))));
  return set;
}

export function translate(model: Model, proxyClass: ProxyClass): ResourceSet {
  const view = buildProxyView(model, proxyClass);
  const result = results.get(view) ?? translateView(view);
  results.set(view, result);
  return result;
}
