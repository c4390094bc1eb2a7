// Applies single resources for the tests of the converters.
import assert from 'node:assert/strict';
import type { JsonObject } from '@bufbuild/protobuf';
import { type TypeUrl, typeUrls } from '../../../xds/type-urls.ts';
import type { ConfigStore } from './config-store.ts';
import { createConfigStore } from './create-config-store.ts';
import type { ListenerConfig, Route } from './engine-config.ts';
import {
  ads,
  cluster,
  listener,
  manager,
  routes,
  sds,
  tcpProxy,
  tls,
  update,
  virtualHost,
} from './resources.fixture.ts';

/** Applies one resource, with everything it names known to be missing. */
export function apply(typeUrl: TypeUrl, resource: JsonObject): { store: ConfigStore; error: string | undefined } {
  const store = createConfigStore();
  if (typeUrl === typeUrls.route) {
    const chain = { filters: [manager({ rds: { route_config_name: resource.name ?? '', config_source: ads } })] };
    store.apply(update(typeUrls.listener, [listener('l', 80, { filter_chains: [chain] })]));
  }
  if (typeUrl === typeUrls.endpoint) store.apply(update(typeUrls.cluster, [cluster(String(resource.cluster_name))]));
  if (typeUrl === typeUrls.secret) {
    const chain = { filters: [tcpProxy()], transport_socket: tls([sds(String(resource.name))]) };
    store.apply(update(typeUrls.listener, [listener('l', 443, { filter_chains: [chain] })]));
  }
  const error = store.apply(update(typeUrl, [resource]));
  const { endpoints, routes: tables, secrets, fileSecrets } = store.wanted();
  const missing = (names: readonly string[], held: TypeUrl) => names.filter((name) => !store.held(held).has(name));
  store.apply(update(typeUrls.endpoint, [], missing(endpoints, typeUrls.endpoint)));
  store.apply(update(typeUrls.route, [], missing(tables, typeUrls.route)));
  store.apply(update(typeUrls.secret, [], missing([...secrets, ...fileSecrets], typeUrls.secret)));
  return { store, error };
}

export function listenerOf(resource: JsonObject): ListenerConfig {
  const { store, error } = apply(typeUrls.listener, resource);
  assert.equal(error, undefined);
  return store.current().listeners.get(String(resource.name)) ?? assert.fail('not served');
}

export function routeOf(route: JsonObject, hostFields: JsonObject = {}): Route {
  const { store, error } = apply(
    typeUrls.route,
    routes('http.80', [{ ...virtualHost(['a.org'], [route]), ...hostFields }]),
  );
  assert.equal(error, undefined);
  return store.current().routes.get('http.80')?.virtualHosts[0]?.routes[0] ?? assert.fail('no route');
}

export const warningsOf = (typeUrl: TypeUrl, resource: JsonObject): readonly string[] =>
  apply(typeUrl, resource)
    .store.warnings()
    .filter((warning) => warning.typeUrl === typeUrl)
    .map(({ message }) => message);
