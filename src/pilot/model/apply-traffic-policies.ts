// TrafficPolicies: what they come to at each port, host and route of a class of gateways. The first that says something counts.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { isSubsetOf } from './host-names.ts';
import { isPolicyFor } from './is-policy-for.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { ProxyClass } from './proxy-class.ts';
import type { ListenerView, RouteTableView, RouteView, VirtualHostView } from './proxy-view.ts';
import { report } from './report.ts';
import { isEverywhere, type PortTraffic, type RateLimitView } from './traffic-view.ts';

type Policy = Resource<'TrafficPolicy'>;

export interface TrafficResult {
  readonly listeners: readonly ListenerView[];
  readonly routeTables: readonly RouteTableView[];
  readonly diagnostics: readonly Diagnostic[];
}

const viewsOf = (policy: Policy): readonly RateLimitView[] =>
  policy.spec.rateLimits.map((limit) => ({
    ...limit,
    filter: `envoy.filters.http.local_ratelimit/${policy.metadata.namespace}/${policy.metadata.name}/${limit.index}`,
  }));

const isFor = ({ spec }: Policy, ports: ReadonlySet<number>): boolean =>
  spec.ports.length === 0 || spec.ports.some((port) => ports.has(port));

export function applyTrafficPolicies(
  all: readonly Policy[],
  mesh: Pick<MeshSettings, 'rootNamespace'>,
  proxyClass: Pick<ProxyClass, 'namespace' | 'labels'>,
  listeners: readonly ListenerView[],
  routeTables: readonly RouteTableView[],
): TrafficResult {
  const policies = all.filter((policy) => isPolicyFor(policy, mesh, proxyClass));
  if (policies.length === 0) return { listeners, routeTables, diagnostics: [] };
  const used = new Set<string>();
  const changedTables = routeTables.map((table) => limitTable(table, all, policies, used));
  return {
    listeners: listeners.map((listener) => withTraffic(listener, all, policies)),
    routeTables: changedTables,
    diagnostics: [...listeners.flatMap(({ ports }) => overridden(policies, ports)), ...unused(policies, used)],
  };
}

function trafficOf(all: readonly Policy[], ports: ReadonlySet<number>): PortTraffic {
  const policies = all.filter((policy) => isFor(policy, ports));
  const specs = policies.map(({ spec }) => spec);
  return {
    limits: specs.find(({ limits }) => limits !== undefined)?.limits,
    proxyProtocol: specs.find(({ proxyProtocol }) => proxyProtocol !== undefined)?.proxyProtocol,
    preserveHeaderCase: specs.find((spec) => spec.preserveHeaderCase !== undefined)?.preserveHeaderCase,
    compression: specs.find(({ compression }) => compression !== undefined)?.compression,
    rateLimits: policies.flatMap(viewsOf),
    owners: policies.map(resourceRef),
  };
}

/** Those that are for some hosts or routes only. */
function limitsAt(policies: readonly Policy[], port: number): readonly RateLimitView[] {
  const ports = new Set([port]);
  return policies
    .filter((policy) => isFor(policy, ports))
    .flatMap(viewsOf)
    .filter((limit) => !isEverywhere(limit));
}

/** Listeners that stay the same, under the same policies, stay the same here. */
const known = new WeakMap<readonly Policy[], WeakMap<ListenerView, ListenerView>>();

function withTraffic(listener: ListenerView, all: readonly Policy[], policies: readonly Policy[]): ListenerView {
  const ofAll = known.get(all) ?? new WeakMap<ListenerView, ListenerView>();
  known.set(all, ofAll);
  const made = ofAll.get(listener) ?? { ...listener, traffic: trafficOf(policies, listener.ports) };
  ofAll.set(listener, made);
  return made;
}

interface Limited {
  readonly virtualHosts: readonly VirtualHostView[];
  readonly used: ReadonlySet<string>;
}

/** And so do virtual hosts. */
const limitedHosts = new WeakMap<readonly Policy[], WeakMap<VirtualHostView, Limited>>();

function limitTable(
  table: RouteTableView,
  all: readonly Policy[],
  policies: readonly Policy[],
  used: Set<string>,
): RouteTableView {
  const memo = limitedHosts.get(all) ?? new WeakMap<VirtualHostView, Limited>();
  limitedHosts.set(all, memo);
  // Tables have many hosts, and few ports.
  const byPort = new Map(
    [...new Set([...table.virtualHosts.values()].map(({ port }) => port))].map((port) => [
      port,
      limitsAt(policies, port),
    ]),
  );
  if ([...byPort.values()].every((limits) => limits.length === 0)) return table;
  const virtualHosts = [...table.virtualHosts].flatMap(([key, virtualHost]) => {
    const made = memo.get(virtualHost) ?? limitHosts(virtualHost, byPort.get(virtualHost.port) ?? []);
    memo.set(virtualHost, made);
    for (const filter of made.used) used.add(filter);
    return made.virtualHosts.map((one) => [`${key} ${one.domains[0]}`, one] as const);
  });
  return { ...table, virtualHosts: PersistentMap.from(virtualHosts), isLimited: true };
}

/** Each host that is limited has buckets of its own, and so a virtual host of its own. */
function limitHosts(virtualHost: VirtualHostView, limits: readonly RateLimitView[]): Limited {
  const used = new Set<string>();
  const { limited = [], others = [] } = Object.groupBy(virtualHost.domains, (domain) =>
    limits.some((limit) => coversHost(limit, domain)) ? 'limited' : 'others',
  );
  if (limited.length === 0) return { virtualHosts: [virtualHost], used };
  const virtualHosts = [
    ...limited.map((domain) => {
      const own = limits.filter((limit) => coversHost(limit, domain));
      return limitVirtualHost({ ...virtualHost, domains: [domain] }, own, used);
    }),
    ...(others.length > 0 ? [{ ...virtualHost, domains: others }] : []),
  ];
  return { virtualHosts, used };
}

const coversHost = ({ hosts }: RateLimitView, domain: string): boolean =>
  hosts.length === 0 || hosts.some((host) => isSubsetOf(domain, host));

function limitVirtualHost(
  virtualHost: VirtualHostView,
  limits: readonly RateLimitView[],
  used: Set<string>,
): VirtualHostView {
  const ofHost = limits.filter(({ routes }) => routes.length === 0);
  for (const { filter } of ofHost) used.add(filter);
  const ofRoutes = limits.filter(({ routes }) => routes.length > 0);
  const routes = virtualHost.routes.map((route): RouteView => {
    const own = ofRoutes.filter((limit) => limit.routes.includes(route.name));
    for (const { filter } of own) used.add(filter);
    return own.length === 0 ? route : { ...route, rateLimits: own };
  });
  return { ...virtualHost, routes, ...(ofHost.length > 0 && { rateLimits: ofHost }) };
}

/** Of each port: who says something that another has said before. */
function overridden(all: readonly Policy[], ports: ReadonlySet<number>): readonly Diagnostic[] {
  const policies = all.filter((policy) => isFor(policy, ports));
  return (['limits', 'proxyProtocol', 'preserveHeaderCase', 'compression'] as const).flatMap((field) => {
    const [first, ...others] = policies.filter(({ spec }) => spec[field] !== undefined);
    return others.map((policy) =>
      report(policy, {
        severity: 'warning',
        code: 'TG0033',
        path: ['spec', field],
        message: `${field} has no effect at port ${[...ports].join(', ')}: TrafficPolicy ${first?.metadata.namespace}/${first?.metadata.name} says it already.`,
        remedy: 'Say it in one of the two only, or for other ports.',
      }),
    );
  });
}

function unused(policies: readonly Policy[], used: ReadonlySet<string>): readonly Diagnostic[] {
  return policies.flatMap((policy) =>
    viewsOf(policy)
      .filter((limit) => !isEverywhere(limit) && !used.has(limit.filter))
      .map(({ index, routes }) =>
        report(policy, {
          severity: 'warning',
          code: 'TG0034',
          path: ['spec', 'rateLimits', index],
          message: `No ${routes.length > 0 ? 'route' : 'host'} of the gateways is meant by it: it limits nothing.`,
          remedy: 'Name hosts of VirtualServices, and their rules by name.',
        }),
      ),
  );
}
