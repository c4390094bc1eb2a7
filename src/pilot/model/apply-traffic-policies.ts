// TrafficPolicies: what they come to at each port, host and route of a class of gateways. The first that says something counts.
import type { Diagnostic } from '../../lib/diagnostic.ts';
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
  const changedTables = routeTables.map((table) => limitTable(table, policies, used));
  return {
    listeners: listeners.map((listener) => ({ ...listener, traffic: trafficOf(policies, listener.ports) })),
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

function limitTable(table: RouteTableView, policies: readonly Policy[], used: Set<string>): RouteTableView {
  // Tables have many hosts, and few ports.
  const byPort = new Map(
    [...new Set(table.virtualHosts.map(({ port }) => port))].map((port) => [port, limitsAt(policies, port)]),
  );
  const virtualHosts = table.virtualHosts.flatMap((virtualHost): readonly VirtualHostView[] => {
    const limits = byPort.get(virtualHost.port) ?? [];
    const { limited = [], others = [] } = Object.groupBy(virtualHost.domains, (domain) =>
      limits.some((limit) => coversHost(limit, domain)) ? 'limited' : 'others',
    );
    if (limited.length === 0) return [virtualHost];
    // Each host that is limited has buckets of its own, and so a virtual host of its own.
    return [
      ...limited.map((domain) => {
        const own = limits.filter((limit) => coversHost(limit, domain));
        return limitVirtualHost({ ...virtualHost, domains: [domain] }, own, used);
      }),
      ...(others.length > 0 ? [{ ...virtualHost, domains: others }] : []),
    ];
  });
  return { ...table, virtualHosts };
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
