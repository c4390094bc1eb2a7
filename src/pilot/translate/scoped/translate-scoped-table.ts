// A route table → a RouteConfiguration for each of its hosts, and the scopes that lead there; an edit of a host is one of them.
import { create, toBinary } from '@bufbuild/protobuf';
import { type Derived, deriveIndex, deriveValues } from '../../../lib/incremental/derive.ts';
import { PersistentMap } from '../../../lib/incremental/persistent-map.ts';
import { RouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { ScopedRouteConfigurationSchema } from '../../../xds/generated/envoy/config/route/v3/scoped_route_pb.ts';
import { createXdsResource, versionOf, type XdsResource } from '../../../xds/resource.ts';
import { scopedWildcardFilter, scopeHeader, scopeName } from '../../../xds/resource-names.ts';
import { typeUrls } from '../../../xds/type-urls.ts';
import { encodeWire, wireMessage } from '../../../xds/wire.ts';
import type { RouteTableView } from '../../model/proxy-view.ts';
import { type EncodedVirtualHost, encodeTable, routeTableName, virtualHostsField } from '../translate-route-table.ts';
import { scopedHostFields } from './scoped-routes.ts';

/** A domain, and the virtual host that has it. */
interface HostOfTable {
  readonly domain: string;
  readonly host: EncodedVirtualHost;
}

export interface ScopedTable {
  readonly scopes: PersistentMap<XdsResource>;
  readonly routes: PersistentMap<XdsResource>;
  readonly stages: Stages;
}

interface Stages {
  readonly hosts: PersistentMap<HostOfTable>;
  readonly encoded: PersistentMap<EncodedVirtualHost>;
  readonly others: readonly EncodedVirtualHost[];
  /** By the scope that leads to them: most have one of their own. */
  readonly byScope: Derived<HostOfTable, PersistentMap<HostOfTable>>;
  readonly routes: Derived<PersistentMap<HostOfTable>, XdsResource>;
  readonly indexes: Derived<HostOfTable, PersistentMap<HostOfTable>>;
  readonly indexRoutes: Derived<PersistentMap<HostOfTable>, XdsResource>;
  readonly byCluster: Derived<HostOfTable, PersistentMap<HostOfTable>>;
  /** Names of clusters that were there. */
  readonly existing: PersistentMap<unknown>;
}

const wildcardLabels = (domain: string): number => domain.split('.').length - 1;

/** `TABLE/host`, `TABLE/*.wildcard`, else the catch-all: what has no name that a scope could be found by is looked for there. */
export function scopeOf(domain: string): string {
  if (domain === '*' || domain.includes(':') || domain.includes('/')) return '*';
  return domain.startsWith('*') && wildcardLabels(domain) < 2 ? '*' : domain;
}

/** Under which domain of two labels the fallback looks for the wildcard. */
function indexOf({ domain }: HostOfTable): readonly string[] {
  if (!domain.startsWith('*.') || scopeOf(domain) === '*') return [];
  return [domain.split('.').slice(-2).join('.')];
}

const domainField = 2;

/** The virtual host of the domain alone. */
const encodeHost = ({ domain, host }: HostOfTable): Uint8Array =>
  Buffer.concat([host.bytes, encodeWire(wireMessage([[domainField, domain]])), scopedHostFields]);

const byDomain = (a: HostOfTable, b: HostOfTable): number => (a.domain < b.domain ? -1 : 1);

function routesOf(name: string, group: PersistentMap<HostOfTable>, exists: PersistentMap<unknown>): XdsResource {
  const hosts = [...group.values()].sort(byDomain);
  const clusters = new Set(hosts.flatMap(({ host }) => host.clusters));
  const bytes = Buffer.concat([
    encodeTable(name, [scopeHeader]),
    encodeWire(wireMessage(hosts.map((host) => [virtualHostsField, encodeHost(host)]))),
  ]);
  return {
    typeUrl: typeUrls.route,
    name,
    version: versionOf(bytes),
    bytes,
    references: [...clusters]
      .filter((cluster) => exists.has(cluster))
      .sort()
      .map((cluster) => ({ typeUrl: typeUrls.cluster, name: cluster })),
    owners: [...new Set(hosts.flatMap(({ host }) => host.owners))],
  };
}

/** Its only route tells the fallback which wildcards there are. */
function indexRoutes(name: string, wildcards: PersistentMap<HostOfTable>): XdsResource {
  const known = Object.fromEntries([...wildcards.values()].map(({ domain }) => [domain, true] as const).sort());
  const bytes = toBinary(
    RouteConfigurationSchema,
    create(RouteConfigurationSchema, {
      name,
      virtualHosts: [
        {
          name,
          domains: ['*'],
          routes: [
            {
              match: { pathSpecifier: { case: 'prefix', value: '/' } },
              action: { case: 'directResponse', value: { status: 404 } },
              metadata: { filterMetadata: { [scopedWildcardFilter]: known } },
            },
          ],
        },
      ],
    }),
  );
  return { typeUrl: typeUrls.route, name, version: versionOf(bytes), bytes, references: [], owners: [] };
}

function scopeTo(route: XdsResource): XdsResource {
  const { name, owners } = route;
  const message = create(ScopedRouteConfigurationSchema, {
    name,
    routeConfigurationName: name,
    key: { fragments: [{ type: { case: 'stringKey', value: name } }] },
  });
  return createXdsResource(typeUrls.scopedRoute, ScopedRouteConfigurationSchema, name, message, {
    references: [{ typeUrl: typeUrls.route, name }],
    owners,
  });
}

/** One for each domain: those that changed hosts had are taken away first. */
function domainsOf(
  previous: Stages | undefined,
  encoded: PersistentMap<EncodedVirtualHost>,
  others: readonly EncodedVirtualHost[],
): PersistentMap<HostOfTable> {
  const edits = new Map<string, HostOfTable | undefined>();
  const changes = PersistentMap.changesBetween(previous?.encoded ?? PersistentMap.empty<EncodedVirtualHost>(), encoded);
  const gone = [
    ...changes.flatMap(({ before }) => before ?? []),
    ...(previous?.others === others ? [] : (previous?.others ?? [])),
  ];
  const come = [...changes.flatMap(({ after }) => after ?? []), ...(previous?.others === others ? [] : others)];
  for (const { domains } of gone) for (const domain of domains) edits.set(domain, undefined);
  for (const host of come) for (const domain of host.domains) edits.set(domain, { domain, host });
  return (previous?.hosts ?? PersistentMap.empty<HostOfTable>()).change(edits);
}

/** `encoded` and `others`: the virtual hosts of the table. `exists` has the names of clusters that are there. */
export function translateScopedTable(
  previous: ScopedTable | undefined,
  table: RouteTableView,
  encoded: PersistentMap<EncodedVirtualHost>,
  others: readonly EncodedVirtualHost[],
  existing: PersistentMap<unknown>,
): ScopedTable {
  const known = previous?.stages;
  const name = routeTableName(table.key);
  const hosts = domainsOf(known, encoded, others);
  const byCluster = deriveIndex(known?.byCluster, hosts, ({ host }) => host.clusters);
  // A cluster has come or gone: who waits for it is looked at anew.
  const clusters = PersistentMap.changesBetween(known?.existing ?? existing, existing).map(({ key }) => key);
  const concerned = clusters.flatMap((cluster) => [...(byCluster.output.get(cluster)?.values() ?? [])]);
  const byScope = deriveIndex(known?.byScope, hosts, ({ domain }) => [scopeName(name, scopeOf(domain))]);
  const routes = deriveValues(
    known?.routes,
    byScope.output,
    (group, scope, before) => {
      const made = routesOf(scope, group, existing);
      const isSame =
        before?.version === made.version && JSON.stringify(before.references) === JSON.stringify(made.references);
      return isSame ? { ...before, owners: made.owners } : made;
    },
    concerned.map(({ domain }) => scopeName(name, scopeOf(domain))),
  );
  const indexes = deriveIndex(known?.indexes, hosts, indexOf);
  const indexed = deriveValues(known?.indexRoutes, indexes.output, (group, domain) =>
    indexRoutes(scopeName(name, `?${domain}`), group),
  );
  const all = mergeNamed(
    previous?.routes,
    known?.routes.output,
    routes.output,
    known?.indexRoutes.output,
    indexed.output,
  );
  const scopes = deriveValues<XdsResource, XdsResource>(
    previous === undefined ? undefined : { input: previous.routes, output: previous.scopes },
    all,
    (route, _name, before) => {
      const scope = scopeTo(route);
      return before?.version === scope.version && before.owners === route.owners ? before : scope;
    },
  );
  return {
    scopes: scopes.output,
    routes: all,
    stages: { hosts, encoded, others, byCluster, existing, byScope, routes, indexes, indexRoutes: indexed },
  };
}

/** Both by their names. */
function mergeNamed(
  merged: PersistentMap<XdsResource> | undefined,
  ...[oldRoutes, routes, oldIndexes, indexes]: readonly (PersistentMap<XdsResource> | undefined)[]
): PersistentMap<XdsResource> {
  const none = PersistentMap.empty<XdsResource>();
  const changes = [
    ...PersistentMap.changesBetween(oldRoutes ?? none, routes ?? none),
    ...PersistentMap.changesBetween(oldIndexes ?? none, indexes ?? none),
  ];
  const edits = new Map<string, XdsResource | undefined>();
  for (const { before } of changes) if (before !== undefined) edits.set(before.name, undefined);
  for (const { after } of changes) if (after !== undefined) edits.set(after.name, after);
  return (merged ?? none).change(edits);
}
