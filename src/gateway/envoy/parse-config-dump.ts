// Envoy's /config_dump in the shape both data planes share: what pilot and our SDS server gave it, nothing of the bootstrap.
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { normalizeResourceJson } from '../../xds/resource-json.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';
import type { BoundListener, ConfigDump, DumpedResource } from '../data-plane.ts';

type Json = JsonValue | undefined;

const asObject = (value: Json): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const asArray = (value: Json): readonly JsonObject[] => (Array.isArray(value) ? value.map(asObject) : []);
const asText = (value: Json): string => (typeof value === 'string' ? value : '');

/** `{"configs": […]}`; entries of one dump type, or all entries if Envoy was asked for one kind of resource. Throws on what is not JSON. */
function parseDumpEntries(body: string): readonly JsonObject[] {
  const parsed: JsonValue = JSON.parse(body);
  return asArray(asObject(parsed).configs);
}

function dumpOf(entries: readonly JsonObject[], name: string): JsonObject {
  return entries.find((entry) => asText(entry['@type']).endsWith(`.${name}`)) ?? {};
}

function dumpResources(
  typeUrl: TypeUrl,
  states: readonly JsonObject[],
  field: string,
  nameField = 'name',
): DumpedResource[] {
  const resources = new Map<string, DumpedResource>();
  for (const state of states) {
    const value = asObject(state[field]);
    const name = asText(value[nameField]);
    // Active ones come first in `states`: what serves counts, what still warms only where nothing serves.
    if (name === '' || resources.has(name)) continue;
    resources.set(name, { name, version: asText(state.version_info), resource: normalizeResourceJson(typeUrl, value) });
  }
  return [...resources.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const versionedStates = (dump: JsonObject, fields: readonly string[]): readonly JsonObject[] =>
  fields.flatMap((field) => asArray(dump[field]));

/** Envoy makes this part of the dump from its hosts, and spells out what EDS never said. */
function withoutDefaults(endpointConfig: JsonObject): JsonObject {
  const { policy, ...rest } = endpointConfig;
  const { overprovisioning_factor: factor, ...others } = asObject(policy);
  const kept = factor === 140 || factor === undefined ? others : asObject(policy);
  const endpoints = asArray(rest.endpoints).map((locality) => ({
    ...locality,
    lb_endpoints: asArray(locality.lb_endpoints).map((lbEndpoint) => {
      const { health_check_config: healthCheck, ...endpoint } = asObject(lbEndpoint.endpoint);
      const isDefault = Object.keys(asObject(healthCheck)).length === 0;
      return {
        ...lbEndpoint,
        endpoint: isDefault ? endpoint : { ...endpoint, health_check_config: asObject(healthCheck) },
      };
    }),
  }));
  return {
    ...rest,
    ...(rest.endpoints === undefined ? {} : { endpoints }),
    ...(Object.keys(kept).length === 0 ? {} : { policy: kept }),
  };
}

/** Only of clusters that have their endpoints from EDS: Envoy lists those of every cluster. */
function endpointStates(entries: readonly JsonObject[], clusters: readonly JsonObject[]): readonly JsonObject[] {
  const isEds = (cluster: JsonObject): boolean => cluster.type === 'EDS';
  const names = new Set(
    clusters
      .map(({ cluster }) => asObject(cluster))
      .filter(isEds)
      .map(({ name }) => name),
  );
  return versionedStates(dumpOf(entries, 'EndpointsConfigDump'), ['dynamic_endpoint_configs'])
    .map((state) => ({ ...state, endpoint_config: withoutDefaults(asObject(state.endpoint_config)) }))
    .filter((state) => names.has(asText(state.endpoint_config.cluster_name)));
}

/** The body of `/config_dump?include_eds`. Throws on what is not JSON. */
export function parseConfigDump(body: string): ConfigDump {
  const entries = parseDumpEntries(body);
  const listeners = asArray(dumpOf(entries, 'ListenersConfigDump').dynamic_listeners);
  const listenerStates = ['active_state', 'warming_state'].flatMap((field) =>
    listeners.flatMap((listener) => (listener[field] === undefined ? [] : [asObject(listener[field])])),
  );
  const clusters = versionedStates(dumpOf(entries, 'ClustersConfigDump'), [
    'dynamic_active_clusters',
    'dynamic_warming_clusters',
  ]);
  const endpoints = endpointStates(entries, clusters);
  const routes = versionedStates(dumpOf(entries, 'RoutesConfigDump'), ['dynamic_route_configs']);
  const secrets = versionedStates(dumpOf(entries, 'SecretsConfigDump'), [
    'dynamic_active_secrets',
    'dynamic_warming_secrets',
  ]);
  return {
    CDS: dumpResources(typeUrls.cluster, clusters, 'cluster'),
    EDS: dumpResources(typeUrls.endpoint, endpoints, 'endpoint_config', 'cluster_name'),
    LDS: dumpResources(typeUrls.listener, listenerStates, 'listener'),
    RDS: dumpResources(typeUrls.route, routes, 'route_config'),
    SDS: dumpResources(typeUrls.secret, secrets, 'secret'),
  };
}

function addressOf(listener: JsonObject): { readonly address: string; readonly port: number } {
  const socket = asObject(asObject(listener.address).socket_address);
  return { address: asText(socket.address), port: Number(socket.port_value ?? 0) };
}

/** The body of `/config_dump?resource=dynamic_listeners`: one per listener, the version that serves where there is one. */
export function parseListenerStates(body: string): readonly BoundListener[] {
  // Entries with nothing but an error are left out: Envoy forgets them with the next update, whatever that contains.
  return parseDumpEntries(body)
    .flatMap((entry): BoundListener[] => {
      const state = entry.active_state === undefined ? 'warming' : 'listening';
      const serving = entry.active_state ?? entry.warming_state;
      if (serving === undefined) return [];
      const address = addressOf(asObject(asObject(serving).listener));
      return [{ name: asText(entry.name), ...address, state, error: undefined }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
