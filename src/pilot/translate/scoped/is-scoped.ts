// Which tables are scoped: those with many hosts, unless something is asked of them that only works where the route is known at once.
import type { EnvoyPatch, ProxyView, RouteTableView } from '../../model/proxy-view.ts';
import { routeTableName } from '../translate-route-table.ts';

/** They change what scopes consist of, or stand before the filters that look for wildcards. */
const patchesRoutes: ReadonlySet<EnvoyPatch['patch']['applyTo']> = new Set([
  'ROUTE_CONFIGURATION',
  'VIRTUAL_HOST',
  'HTTP_ROUTE',
  'NETWORK_FILTER',
  'HTTP_FILTER',
] as const);

/** `wasScoped`: the table as it is now in the proxies. */
export function isScoped(
  view: Pick<ProxyView, 'routeMode' | 'envoyPatches'>,
  table: RouteTableView,
  wasScoped: boolean,
): boolean {
  const { kind, scopedAbove } = view.routeMode;
  if (kind === 'shared' || /[:/]/.test(routeTableName(table.key))) return false;
  // Envoy switches a filter on for a host when the request begins: for wildcards the host is found later.
  if (table.isLimited === true) return false;
  if (view.envoyPatches.some(({ patch }) => patchesRoutes.has(patch.applyTo))) return false;
  if (kind === 'scoped') return true;
  return table.virtualHosts.size > (wasScoped ? scopedAbove / 2 : scopedAbove);
}
