// The servers that share one route table → its virtual hosts: hosts met, routes concatenated, catch-alls last.

import { buildRoutes, isCatchAll, type RouteContext } from './build-routes.ts';
import { compareHosts, type HostIndex, indexHosts, intersectHosts } from './host-names.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { Model, ModelServer, ModelVirtualService } from './model.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { RouteTableKey, RouteTableView, RouteView, VirtualHostView } from './proxy-view.ts';

/** Those that a Gateway's proxies may have, in Istio's order: private, exported by name, public. */
export function virtualServicesFor(
  model: Model,
  gateway: string,
  proxyNamespace: string,
): readonly ModelVirtualService[] {
  const all = model.virtualServicesByGateway.get(gateway) ?? [];
  const named = all.filter(({ exportTo }) => exportTo !== 'all' && exportTo.has(proxyNamespace));
  const own = named.filter((v) => v.namespace === proxyNamespace && v.exportTo !== 'all' && v.exportTo.size === 1);
  return [
    ...own,
    ...named.filter((virtualService) => !own.includes(virtualService)),
    ...all.filter(({ exportTo }) => exportTo === 'all'),
  ];
}

const hostIndexes = new WeakMap<ModelServer, Map<string, HostIndex>>();

/** Hosts of a server that VirtualServices of the namespace may use; made once for all of them. */
export function hostsForNamespace(server: ModelServer, namespace: string): HostIndex {
  const known = hostIndexes.get(server) ?? new Map<string, HostIndex>();
  hostIndexes.set(server, known);
  const found =
    known.get(namespace) ??
    indexHosts(
      server.hosts.filter((host) => host.namespace === '*' || host.namespace === namespace).map(({ host }) => host),
    );
  known.set(namespace, found);
  return found;
}

interface OpenVirtualHost {
  readonly host: string;
  readonly port: number;
  /** One list per VirtualService, shared by all hosts it serves: equal identity is equal content. */
  readonly parts: (readonly RouteView[])[];
  httpsRedirect: boolean;
}

const sortRoutes = (routes: readonly RouteView[]): readonly RouteView[] => [
  ...routes.filter((route) => !isCatchAll(route)),
  ...routes.filter(isCatchAll),
];

const sameParts = (a: OpenVirtualHost, b: OpenVirtualHost): boolean =>
  a.httpsRedirect === b.httpsRedirect &&
  a.port === b.port &&
  a.parts.length === b.parts.length &&
  a.parts.every((part, i) => part === b.parts[i]);

/** Hosts with the same routes become the domains of one virtual host, as Istio does it. */
function collapse(hosts: readonly OpenVirtualHost[]): readonly VirtualHostView[] {
  const groups = new Map<readonly RouteView[] | undefined, OpenVirtualHost[][]>();
  for (const host of [...hosts].sort((a, b) => compareHosts(a.host, b.host))) {
    // Grouped by the first list, so that many hosts stay linear.
    const candidates = groups.get(host.parts[0]) ?? [];
    const group = candidates.find(([first]) => first !== undefined && sameParts(first, host));
    if (group) group.push(host);
    else candidates.push([host]);
    groups.set(host.parts[0], candidates);
  }
  return [...groups.values()].flat().flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        domains: group.map(({ host }) => host),
        port: first.port,
        routes: sortRoutes(first.parts.flat()),
        httpsRedirect: first.httpsRedirect,
      },
    ];
  });
}

export function buildRouteTable(
  model: Model,
  proxyClass: ProxyClass,
  key: RouteTableKey,
  servers: readonly PlacedServer[],
  use: RouteContext['use'],
): RouteTableView {
  const open = new Map<string, OpenVirtualHost>();
  const routesOf = new Map<string, readonly RouteView[]>();
  for (const { gateway, server } of servers) {
    const openHost = (host: string): OpenVirtualHost => {
      const found = open.get(host) ?? { host, port: server.port, parts: [], httpsRedirect: false };
      found.httpsRedirect ||= server.httpsRedirect;
      open.set(host, found);
      return found;
    };
    for (const virtualService of virtualServicesFor(model, gateway.key, proxyClass.namespace)) {
      const hosts = intersectHosts(hostsForNamespace(server, virtualService.namespace), virtualService.hosts);
      if (hosts.length === 0) continue;
      const routeKey = `${gateway.key} ${server.port} ${virtualService.key}`;
      const context = {
        model,
        proxyNamespace: proxyClass.namespace,
        proxyLabels: proxyClass.labels,
        gateway: gateway.key,
        port: server.port,
        isTls: server.kind === 'https',
        use,
      };
      const routes = routesOf.get(routeKey) ?? buildRoutes(context, virtualService);
      routesOf.set(routeKey, routes);
      if (routes.length === 0) continue;
      for (const host of hosts) {
        const virtualHost = openHost(host);
        if (!virtualHost.parts.includes(routes)) virtualHost.parts.push(routes);
      }
    }
    // A redirect to HTTPS needs no VirtualService.
    if (server.httpsRedirect) for (const { host } of server.hosts) openHost(host);
  }
  const owners = [...new Map(servers.map(({ gateway }) => [gateway.key, gateway.ref])).values()];
  return {
    key,
    port: servers[0]?.server.port ?? 0,
    virtualHosts: collapse([...open.values()]),
    misdirected: [],
    unrouted: [],
    owners,
  };
}
