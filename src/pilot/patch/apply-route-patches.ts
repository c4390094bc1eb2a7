// Patches of a route table and of what is in it, in Istio's order: the table, its virtual hosts, their routes.
import {
  type Route,
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../../xds/generated/envoy/config/route/v3/route_pb.ts';
import type { EnvoyPatch } from '../model/proxy-view.ts';
import { changeList } from './change-list.ts';
import type { CompiledPatch } from './compile-patches.ts';
import { mergeInto } from './merge-extension.ts';
import { type PatchRun, patchesFor, valueFor } from './patch-run.ts';

export interface RouteTableIdentity {
  readonly name: string;
  /** Of the Gateway: a table of plain HTTP serves several. */
  readonly ports: ReadonlySet<number>;
  /** The next two only of a table of HTTPS. */
  readonly portName: string | undefined;
  /** `namespace/name`. */
  readonly gateway: string | undefined;
}

export function matchesRouteTable({ patch }: EnvoyPatch, table: RouteTableIdentity): boolean {
  const match = patch.routeConfiguration;
  if (match === undefined) return true;
  return (
    (match.name === undefined || match.name === table.name) &&
    (match.portNumber === undefined || table.ports.has(match.portNumber)) &&
    (match.portName === undefined || match.portName === table.portName) &&
    (match.gateway === undefined || match.gateway === table.gateway)
  );
}

function matchesVirtualHost({ patch }: EnvoyPatch, { name, domains }: VirtualHost): boolean {
  const match = patch.routeConfiguration?.vhost;
  if (match === undefined) return true;
  return (
    (match.name === undefined || match.name === name) &&
    (match.domainName === undefined || domains.includes(match.domainName))
  );
}

const actions: Readonly<Record<string, string>> = {
  route: 'ROUTE',
  redirect: 'REDIRECT',
  directResponse: 'DIRECT_RESPONSE',
};

/** Undefined where the patch names no route. */
function routeOf({ patch }: EnvoyPatch): ((route: Route) => boolean) | undefined {
  const match = patch.routeConfiguration?.vhost?.route;
  if (match === undefined) return undefined;
  return ({ name, action }) => {
    const kind = actions[action.case ?? ''];
    return (
      (match.name === undefined || match.name === name) &&
      (match.action === 'ANY' || kind === undefined || kind === match.action)
    );
  };
}

/** Changes the table. Its patches are those that `matchesRouteTable` says are for it. */
export function applyRoutePatches(table: RouteConfiguration, run: PatchRun): void {
  for (const patch of patchesFor(run, 'ROUTE_CONFIGURATION')) mergeInto(RouteConfigurationSchema, table, patch, run);
  const virtualHosts = table.virtualHosts.flatMap((host) => patchVirtualHost(host, run) ?? []);
  const added = patchesFor(run, 'VIRTUAL_HOST').filter(({ patch }) => patch.operation === 'ADD');
  for (const patch of added) run.applied.add(patch);
  table.virtualHosts = [...virtualHosts, ...added.map((patch) => valueFor(VirtualHostSchema, patch))];
}

/** Undefined: it is removed. */
function patchVirtualHost(host: VirtualHost, run: PatchRun): VirtualHost | undefined {
  let current = host;
  for (const patch of patchesFor(run, 'VIRTUAL_HOST')) {
    if (!matchesVirtualHost(patch, current)) continue;
    const { operation } = patch.patch;
    if (operation === 'REMOVE' || operation === 'REPLACE') run.applied.add(patch);
    if (operation === 'REMOVE') return undefined;
    if (operation === 'REPLACE') current = valueFor(VirtualHostSchema, patch);
    else mergeInto(VirtualHostSchema, current, patch, run);
  }
  patchRoutes(current, run);
  return current;
}

function patchRoutes(host: VirtualHost, run: PatchRun): void {
  const patches = patchesFor(run, 'HTTP_ROUTE').filter((patch) => matchesVirtualHost(patch, host));
  if (patches.length === 0) return;
  host.routes = host.routes.filter((route) => patchRoute(route, patches, run));
  for (const patch of patches) {
    const { operation } = patch.patch;
    const matches = routeOf(patch);
    // Only where there is the route that it names, though it goes before all of them.
    const isMissing = operation === 'INSERT_FIRST' && matches !== undefined && !host.routes.some(matches);
    if (operation === 'REMOVE' || isMissing) continue;
    const changed = changeList(host.routes, operation, matches, () => valueFor(RouteSchema, patch));
    if (changed === undefined) continue;
    host.routes = [...changed];
    run.applied.add(patch);
  }
}

/** False: it is removed. */
function patchRoute(route: Route, patches: readonly CompiledPatch[], run: PatchRun): boolean {
  for (const patch of patches) {
    if (routeOf(patch)?.(route) === false) continue;
    if (patch.patch.operation === 'REMOVE') {
      run.applied.add(patch);
      return false;
    }
    mergeInto(RouteSchema, route, patch, run);
  }
  return true;
}
