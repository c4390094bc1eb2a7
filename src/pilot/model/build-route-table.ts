// The servers that share one route table → its virtual hosts: hosts met, routes concatenated, catch-alls last; an edit touches its hosts.
import { type Derived, deriveIndex, deriveValues } from '../../lib/incremental/derive.ts';
import { type Change, type Edit, PersistentMap } from '../../lib/incremental/persistent-map.ts';
import { isCatchAll } from './build-routes.ts';
import { compareResources } from './compare-resources.ts';
import { compareHosts, type HostIndex, indexHosts, intersectHosts } from './host-names.ts';
import type { PlacedServer } from './merge-servers.ts';
import type { Model, ModelServer, ModelVirtualService } from './model.ts';
import type { RouteTableKey, RouteTableView, RouteView, VirtualHostView } from './proxy-view.ts';
import { sameList } from './same-list.ts';
import { type ServedRoutes, servedKey } from './serve-virtual-services.ts';

/** Istio's order: private, exported by name, public. Undefined: a proxy of the namespace may not have it. */
function rankFor({ exportTo, namespace }: ModelVirtualService, proxyNamespace: string): number | undefined {
  if (exportTo === 'all') return 2;
  if (!exportTo.has(proxyNamespace)) return undefined;
  return namespace === proxyNamespace && exportTo.size === 1 ? 0 : 1;
}

const precedence =
  (proxyNamespace: string) =>
  (a: ModelVirtualService, b: ModelVirtualService): number =>
    (rankFor(a, proxyNamespace) ?? 0) - (rankFor(b, proxyNamespace) ?? 0) ||
    compareResources(a.resource, b.resource) ||
    (a.position ?? 0) - (b.position ?? 0);

/** Those with rules for connections that a Gateway's proxies may have, in order. */
export function connectionServicesFor(
  model: Model,
  gateway: string,
  proxyNamespace: string,
): readonly ModelVirtualService[] {
  const all = [...(model.virtualServices.connectionsByGateway.get(gateway)?.values() ?? [])];
  return all
    .filter((virtualService) => rankFor(virtualService, proxyNamespace) !== undefined)
    .sort(precedence(proxyNamespace));
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

/** What one server gives some hosts: the routes of a VirtualService, or only its redirect to HTTPS. */
interface Claim {
  readonly server: string;
  readonly hosts: readonly string[];
  readonly served: ServedRoutes | undefined;
}

interface OpenVirtualHost {
  readonly host: string;
  readonly port: number;
  readonly httpsRedirect: boolean;
  /** In order: equal identity is equal content. */
  readonly parts: readonly ServedRoutes[];
}

/** A table, and what it was made of. */
export interface RouteTable {
  readonly view: RouteTableView;
  readonly servers: readonly PlacedServer[];
  readonly claims: PersistentMap<Claim>;
  readonly byHost: Derived<Claim, PersistentMap<Claim>>;
  readonly hosts: Derived<PersistentMap<Claim>, OpenVirtualHost>;
  readonly groups: Derived<OpenVirtualHost, PersistentMap<OpenVirtualHost>>;
  readonly virtualHosts: Derived<PersistentMap<OpenVirtualHost>, VirtualHostView>;
}

const serverKey = ({ gateway, server }: PlacedServer): string => `${gateway.key} ${server.index}`;

const isSameServer = (a: PlacedServer, b: PlacedServer): boolean =>
  a.gateway === b.gateway && a.server.index === b.server.index && sameList(a.server.hosts, b.server.hosts);

const entranceOf = ({ server }: PlacedServer) => ({ port: server.port, isTls: server.kind === 'https' });

function claimOf(placed: PlacedServer, served: ServedRoutes | undefined, proxyNamespace: string): Claim | undefined {
  if (served === undefined || rankFor(served.virtualService, proxyNamespace) === undefined) return undefined;
  const { namespace, hosts } = served.virtualService;
  const common = intersectHosts(hostsForNamespace(placed.server, namespace), hosts);
  return common.length === 0 ? undefined : { server: serverKey(placed), hosts: common, served };
}

/** What VirtualServices come to for each Gateway and port, and what of it is others than before, by Gateway and port. */
export interface Claiming {
  readonly model: Model;
  readonly proxyNamespace: string;
  readonly served: PersistentMap<ServedRoutes>;
  readonly changes: ReadonlyMap<string, readonly Change<ServedRoutes>[]>;
}

/** Without the name of the VirtualService: as `servedKey` has it for none. */
export const groupChanges = (
  before: PersistentMap<ServedRoutes>,
  after: PersistentMap<ServedRoutes>,
): Claiming['changes'] =>
  Map.groupBy(PersistentMap.changesBetween(before, after), (change) => {
    const name = (change.after ?? change.before)?.virtualService.key ?? '';
    return change.key.slice(0, change.key.length - name.length);
  });

/** Everything of one server. */
function claimsOf({ model, proxyNamespace, served }: Claiming, placed: PlacedServer): readonly Edit<Claim>[] {
  const name = serverKey(placed);
  const all = [...(model.virtualServices.byGateway.get(placed.gateway.key)?.values() ?? [])];
  const claims = all.map((virtualService): Edit<Claim> => {
    const key = servedKey(placed.gateway.key, entranceOf(placed), virtualService.key);
    return [`${name} ${key}`, claimOf(placed, served.get(key), proxyNamespace)];
  });
  // A redirect to HTTPS needs no VirtualService.
  const redirect: Claim | undefined = placed.server.httpsRedirect
    ? { server: name, hosts: placed.server.hosts.map(({ host }) => host), served: undefined }
    : undefined;
  return [...claims, [name, redirect]];
}

function updateClaims(
  previous: RouteTable | undefined,
  servers: readonly PlacedServer[],
  claiming: Claiming,
): PersistentMap<Claim> {
  const edits: Edit<Claim>[] = [];
  const known = new Map(previous?.servers.map((placed) => [serverKey(placed), placed]));
  const now = new Map(servers.map((placed) => [serverKey(placed), placed]));
  if (previous?.servers !== servers) {
    const isGone = (key: string, placed: PlacedServer): boolean => {
      const next = now.get(key);
      return next === undefined || !isSameServer(placed, next);
    };
    const gone = new Set([...known].filter(([key, placed]) => isGone(key, placed)).map(([key]) => key));
    if (gone.size > 0 && previous !== undefined)
      for (const [key, claim] of previous.claims) if (gone.has(claim.server)) edits.push([key, undefined]);
    for (const [key, placed] of now) if (!known.has(key) || gone.has(key)) edits.push(...claimsOf(claiming, placed));
  }
  for (const placed of claiming.changes.size === 0 ? [] : servers)
    for (const { key, after } of claiming.changes.get(servedKey(placed.gateway.key, entranceOf(placed), '')) ?? [])
      edits.push([`${serverKey(placed)} ${key}`, claimOf(placed, after, claiming.proxyNamespace)]);
  return (previous?.claims ?? PersistentMap.empty<Claim>()).change(new Map(edits));
}

const sortRoutes = (routes: readonly RouteView[]): readonly RouteView[] => [
  ...routes.filter((route) => !isCatchAll(route)),
  ...routes.filter(isCatchAll),
];

/** Hosts with the same routes become the domains of one virtual host, as Istio does it. */
const groupKey = ({ port, httpsRedirect, parts }: OpenVirtualHost): string =>
  [port, httpsRedirect, ...parts.map(({ key }) => key)].join(' ');

function buildVirtualHost(
  group: PersistentMap<OpenVirtualHost>,
  before: VirtualHostView | undefined,
): VirtualHostView | undefined {
  const domains = [...group.keys()].sort(compareHosts);
  const first = group.get(domains[0] ?? '');
  if (first === undefined) return undefined;
  const { port, httpsRedirect, parts } = first;
  const routes = sortRoutes(parts.flatMap((part) => part.routes));
  const isSame = before !== undefined && sameList(before.domains, domains) && sameList(before.routes, routes);
  return isSame ? before : { domains, port, routes, httpsRedirect };
}

export function buildRouteTable(
  previous: RouteTable | undefined,
  key: RouteTableKey,
  servers: readonly PlacedServer[],
  claiming: Claiming,
): RouteTable {
  const claims = updateClaims(previous, servers, claiming);
  if (previous?.claims === claims && previous.servers === servers) return previous;
  const byHost = deriveIndex(previous?.byHost, claims, ({ hosts }) => hosts);
  const places = new Map(servers.map((placed, place) => [serverKey(placed), { place, server: placed.server }]));
  const compare = precedence(claiming.proxyNamespace);
  const hosts = deriveValues(previous?.hosts, byHost.output, (own, host, before): OpenVirtualHost | undefined => {
    const ordered = [...own.values()]
      .flatMap(({ server, served: part }) => {
        const at = places.get(server);
        return at === undefined ? [] : [{ ...at, part }];
      })
      .sort(
        (a, b) =>
          a.place - b.place ||
          (a.part === undefined
            ? 1
            : b.part === undefined
              ? -1
              : compare(a.part.virtualService, b.part.virtualService)),
      );
    const [first] = ordered;
    if (first === undefined) return undefined;
    const parts = [...new Set(ordered.flatMap(({ part }) => part ?? []))];
    const httpsRedirect = ordered.some(({ server }) => server.httpsRedirect);
    const { port } = first.server;
    const isSame = before?.port === port && before.httpsRedirect === httpsRedirect && sameList(before.parts, parts);
    return isSame ? before : { host, port, httpsRedirect, parts };
  });
  const groups = deriveIndex(previous?.groups, hosts.output, (host) => [groupKey(host)]);
  const virtualHosts = deriveValues(previous?.virtualHosts, groups.output, (group, _key, before) =>
    buildVirtualHost(group, before),
  );
  const owners = [...new Map(servers.map(({ gateway }) => [gateway.key, gateway.ref])).values()];
  const port = servers[0]?.server.port ?? 0;
  const known = previous?.view;
  const isSame = known?.virtualHosts === virtualHosts.output && known.port === port && sameList(known.owners, owners);
  const view = isSame ? known : { key, port, virtualHosts: virtualHosts.output, misdirected: [], unrouted: [], owners };
  return { view, servers, claims, byHost, hosts, groups, virtualHosts };
}
