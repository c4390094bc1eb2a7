// The routes of one VirtualService for one Gateway and port, in Istio's order.

import { formatFieldPath } from '../resources/resource.ts';
import type { HeaderOperations } from '../resources/virtual-service.ts';
import type {
  DestinationName,
  Model,
  ModelAction,
  ModelHttpAction,
  ModelHttpMatch,
  ModelHttpRule,
  ModelVirtualService,
  PathMatch,
} from './model.ts';
import { selectorMatches } from './proxy-class.ts';
import type { ClusterView, ForwardTargets, RedirectView, RewriteView, RouteView, Target } from './proxy-view.ts';
import { clusterOf, resolveDestination } from './resolve-destination.ts';

export interface RouteContext {
  readonly model: Model;
  readonly proxyNamespace: string;
  readonly proxyLabels: Readonly<Record<string, string>>;
  readonly gateway: string;
  /** Gateway port. */
  readonly port: number;
  /** Whether clients come over TLS. */
  readonly isTls: boolean;
  /** Told of every cluster that a route refers to and that exists. */
  readonly use: (cluster: ClusterView) => void;
}

export function applies(
  context: { readonly gateway: string; readonly port: number },
  match: { readonly port: number | undefined; readonly gateways: readonly string[] },
): boolean {
  if (match.port !== undefined && match.port !== context.port) return false;
  return match.gateways.length === 0 || match.gateways.includes(context.gateway);
}

interface UsedTarget {
  readonly target: Target;
  readonly cluster: ClusterView | undefined;
}

function useTarget(context: RouteContext, destination: DestinationName): UsedTarget {
  const { model, proxyNamespace: namespace, proxyLabels: labels } = context;
  const { target, service, port } = resolveDestination(model.serviceShapes, destination, context.port, namespace);
  if (service === undefined || port === undefined) return { target, cluster: undefined };
  const cluster = clusterOf(model, { service, port, subset: target.subset }, { namespace, labels });
  if (cluster !== undefined) context.use(cluster);
  return { target, cluster };
}

/** As in Istio a subset has one of its own or none, and of several destinations the first one's host says it. */
function tunnelOf(cluster: ClusterView | undefined, isWeighted: boolean): ForwardTargets['tunnel'] {
  const of = isWeighted || cluster?.subset === undefined ? cluster?.rule : cluster.subset;
  return of?.trafficPolicy?.tunnel;
}

export function forwardTargets(
  context: RouteContext,
  action: Extract<ModelAction, { kind: 'forward' }>,
): ForwardTargets {
  const used = action.destinations.map((destination) => ({ ...destination, ...useTarget(context, destination) }));
  const policies = used.flatMap(({ cluster }) => cluster?.policy ?? []);
  const [first] = used;
  const tunnel = tunnelOf(first?.cluster, action.weighted);
  if (!action.weighted && first !== undefined) return { kind: 'single', target: first.target, policies, tunnel };
  return {
    kind: 'weighted',
    targets: used.map(({ target, weight, headers }) => ({ ...target, weight, headers })),
    policies,
    tunnel,
  };
}

/** Conditions on the client's workload, which at a gateway is the gateway itself. */
const appliesToProxy = (context: RouteContext, { sourceLabels, sourceNamespace }: ModelHttpMatch): boolean =>
  selectorMatches(sourceLabels, context.proxyLabels) &&
  (sourceNamespace === undefined || sourceNamespace === context.proxyNamespace);

/** Istio's idea of a route that takes everything: nothing after it in its VirtualService can match. */
function takesEverything(path: PathMatch): boolean {
  if (path.kind === 'prefix') return path.value === '/' || path.value === '';
  return path.kind === 'any' || (path.kind === 'regex' && path.value === '.*');
}

type Predicates = Pick<ModelHttpMatch, 'path' | 'headers' | 'queryParams'>;

const isUnconditional = ({ path, headers, queryParams }: Predicates): boolean =>
  headers.length === 0 && queryParams.length === 0 && takesEverything(path);

/** One whose regex is broken is not: it stands where it stood, and ends nothing. */
export const isCatchAll = (route: RouteView): boolean =>
  isUnconditional(route) && !(route.action.kind === 'broken' && route.action.field.endsWith('.regex'));

/** On every gateway and port: what stands behind it is never reached. */
export const matchTakesAll = (match: ModelHttpMatch): boolean =>
  match.broken === undefined &&
  match.port === undefined &&
  match.gateways.length === 0 &&
  match.sourceNamespace === undefined &&
  Object.keys(match.sourceLabels).length === 0 &&
  isUnconditional(match);

function routeName(rule: ModelHttpRule, match: ModelHttpMatch): string {
  return match.name === undefined ? (rule.name ?? '') : `${rule.name ?? ''}.${match.name}`;
}

const defaultPorts = { http: 80, https: 443 };

/** Istio leaves a port out that is the scheme's own. */
function redirect(context: RouteContext, action: Extract<ModelHttpAction, { kind: 'redirect' }>): RedirectView {
  const port = action.port === 'request' ? context.port : action.port;
  const scheme = action.scheme ?? (context.isTls ? 'https' : 'http');
  return { ...action, port: port === defaultPorts[scheme] ? undefined : port };
}

const ofOnlyDestination = ({ action }: ModelHttpRule): HeaderOperations | undefined =>
  action.kind === 'forward' && !action.weighted ? action.destinations[0]?.headers : undefined;

/** Of a single destination they come after the rule's; where there are several, each has its own. */
const headerOperations = (rule: ModelHttpRule): readonly HeaderOperations[] =>
  [rule.headers, ofOnlyDestination(rule)].filter((operations) => operations !== undefined);

/** A destination's `host` header wins over the rule's rewrite, and that over the rule's `host` header. */
function rewrite(rule: ModelHttpRule): RewriteView {
  const authority = ofOnlyDestination(rule)?.authority ?? rule.rewrite?.authority ?? rule.headers?.authority;
  return { authority, uri: rule.rewrite?.uri, uriRegexRewrite: rule.rewrite?.uriRegexRewrite };
}

function buildRoute(
  context: RouteContext,
  virtualService: ModelVirtualService,
  rule: ModelHttpRule,
  match: ModelHttpMatch,
): RouteView {
  const { path, headers, queryParams, statPrefix } = match;
  const matched = { path, headers, queryParams, statPrefix };
  const common = {
    ...matched,
    headerOperations: [],
    fault: undefined,
    corsPolicy: undefined,
    owner: rule.source,
    virtualService: { namespace: virtualService.namespace, name: virtualService.name },
    port: context.port,
  };
  const name = routeName(rule, match);
  if (match.broken !== undefined) {
    const { reason, field } = match.broken;
    return { ...common, name, action: { kind: 'broken', reason, field: formatFieldPath(field), source: rule.source } };
  }
  if (rule.action.kind === 'broken' || rule.action.kind === 'delegate') {
    const reason = rule.action.kind === 'broken' ? rule.action.reason : 'it delegates';
    return {
      ...common,
      name,
      action: { kind: 'broken', reason, field: formatFieldPath(rule.path), source: rule.source },
    };
  }
  const changed = {
    ...common,
    name,
    headerOperations: headerOperations(rule),
    fault: rule.fault,
    corsPolicy: rule.corsPolicy,
  };
  if (rule.action.kind === 'redirect') return { ...changed, action: redirect(context, rule.action) };
  if (rule.action.kind === 'direct') return { ...changed, action: rule.action };
  return {
    ...changed,
    action: {
      kind: 'forward',
      targets: forwardTargets(context, rule.action),
      rewrite: rewrite(rule),
      mirrors: (rule.mirrors ?? []).map((mirror) => ({ ...useTarget(context, mirror).target, share: mirror.share })),
      timeoutMs: rule.timeoutMs,
      retries: rule.retries ?? context.model.mesh.defaultHttpRetryPolicy,
    },
  };
}

export function buildRoutes(context: RouteContext, virtualService: ModelVirtualService): readonly RouteView[] {
  const routes: RouteView[] = [];
  for (const rule of virtualService.http)
    for (const match of rule.matches) {
      if (!applies(context, match) || !appliesToProxy(context, match)) continue;
      const route = buildRoute(context, virtualService, rule, match);
      routes.push(route);
      if (isCatchAll(route)) return routes;
    }
  return routes;
}
