// A route table → RouteConfiguration: one virtual host per set of hosts, sorted by name.
import { create } from '@bufbuild/protobuf';
import { formatResourceRef, type ResourceRef } from '../../lib/diagnostic.ts';
import {
  type Route,
  type VirtualHost,
  VirtualHost_TlsRequirementType,
  VirtualHostSchema,
} from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { blackHoleVirtualHostName, httpRouteName, httpsRouteName, virtualHostName } from '../../xds/resource-names.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import type { ProxyHeaders } from '../model/proxy-config.ts';
import type { ForwardTargets, RouteTableKey, RouteTableView, RouteView, VirtualHostView } from '../model/proxy-view.ts';
import { limitsOf } from './filters/local-rate-limit.ts';
import { targetName, translateRoute } from './translate-route.ts';

export function routeTableName(key: RouteTableKey): string {
  return key.kind === 'http' ? httpRouteName(key.targetPort, key.bind) : httpsRouteName(key);
}

/** Hosts of one VirtualService share its routes, and so does their translation; one for either way of x-forwarded-host. */
const translated = [new WeakMap<RouteView, Route>(), new WeakMap<RouteView, Route>()] as const;

function routeOf(view: RouteView, xForwardedHost: boolean): Route {
  const known = translated[xForwardedHost ? 1 : 0];
  const route = known.get(view) ?? translateRoute(view, xForwardedHost);
  known.set(view, route);
  return route;
}

function translateVirtualHost(view: VirtualHostView, headers: ProxyHeaders): VirtualHost {
  const [first = '*'] = view.domains;
  return create(VirtualHostSchema, {
    name: virtualHostName(first, view.port),
    domains: [...view.domains],
    routes: view.routes.map((route) => routeOf(route, headers.xForwardedHost)),
    includeRequestAttemptCount: headers.attemptCount,
    typedPerFilterConfig: limitsOf(view.rateLimits),
    requireTls: view.httpsRedirect ? VirtualHost_TlsRequirementType.ALL : VirtualHost_TlsRequirementType.NONE,
  });
}

/** Answers 404 for every host, where there is no other virtual host. */
const blackHole = (port: number): VirtualHost =>
  create(VirtualHostSchema, { name: blackHoleVirtualHostName(port), domains: ['*'] });

/** Its client has the host on a connection that is for another: on one of its own it will be served. */
const misdirected = ({ port, misdirected: domains }: RouteTableView): VirtualHost =>
  create(VirtualHostSchema, {
    name: `misdirected:${port}`,
    domains: [...domains],
    routes: [
      {
        name: 'misdirected',
        match: { pathSpecifier: { case: 'prefix', value: '/' } },
        action: { case: 'directResponse', value: { status: 421 } },
      },
    ],
  });

function virtualHostsOf(table: RouteTableView, headers: ProxyHeaders): readonly VirtualHost[] {
  const { virtualHosts, unrouted } = table;
  if (virtualHosts.length + table.misdirected.length === 0) return [blackHole(table.port)];
  return [
    ...virtualHosts.map((view) => translateVirtualHost(view, headers)),
    ...(unrouted.length === 0 ? [] : [{ ...blackHole(table.port), domains: [...unrouted] }]),
    ...(table.misdirected.length === 0 ? [] : [misdirected(table)]),
  ];
}

export const targetNames = (targets: ForwardTargets): readonly string[] =>
  targets.kind === 'single' ? [targetName(targets.target)] : targets.targets.map(targetName);

function ownersOf(table: RouteTableView): readonly ResourceRef[] {
  const owners = new Map(table.owners.map((ref) => [formatResourceRef(ref), ref]));
  for (const { routes } of table.virtualHosts)
    for (const { owner } of routes) owners.set(formatResourceRef(owner), owner);
  return [...owners.keys()].sort().flatMap((key) => owners.get(key) ?? []);
}

/** `exists` tells clusters that are there: a route to another one answers 503, and must not be waited for. */
export function translateRouteTable(
  table: RouteTableView,
  headers: ProxyHeaders,
  exists: (cluster: string) => boolean,
): XdsResource {
  const name = routeTableName(table.key);
  const message = create(RouteConfigurationSchema, {
    name,
    virtualHosts: virtualHostsOf(table, headers).toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    validateClusters: false,
    maxDirectResponseBodySizeBytes: 1024 * 1024,
    // Clients come through node ports and write them into Host.
    ignorePortInHostMatching: true,
  });
  const clusters = new Set(
    table.virtualHosts.flatMap(({ routes }) =>
      routes.flatMap(({ action }) => (action.kind === 'forward' ? targetNames(action.targets) : [])),
    ),
  );
  return createXdsResource(typeUrls.route, RouteConfigurationSchema, name, message, {
    references: [...clusters]
      .filter(exists)
      .sort()
      .map((cluster) => ({ typeUrl: typeUrls.cluster, name: cluster })),
    owners: ownersOf(table),
  });
}
