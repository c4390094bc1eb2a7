// The routes of one VirtualService for one Gateway and port, in Istio's order.
import { formatFieldPath } from '../resources/resource.ts';
import type {
  Model,
  ModelAction,
  ModelHttpAction,
  ModelHttpMatch,
  ModelHttpRule,
  ModelVirtualService,
  PathMatch,
} from './model.ts';
import { selectorMatches } from './proxy-class.ts';
import type { ClusterView, ForwardTargets, RedirectView, RouteView } from './proxy-view.ts';
import { resolveDestination } from './resolve-destination.ts';

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

export function forwardTargets(
  context: RouteContext,
  action: Extract<ModelAction, { kind: 'forward' }>,
): ForwardTargets {
  const targets = action.destinations.map((destination) => {
    const { target, service, port } = resolveDestination(
      context.model.services,
      destination,
      context.port,
      context.proxyNamespace,
    );
    if (service !== undefined && port !== undefined) context.use({ service, port });
    return { ...target, weight: destination.weight };
  });
  const [first] = targets;
  return action.weighted || first === undefined
    ? { kind: 'weighted', targets }
    : { kind: 'single', target: { host: first.host, port: first.port, subset: first.subset } };
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

function buildRoute(
  context: RouteContext,
  virtualService: ModelVirtualService,
  rule: ModelHttpRule,
  match: ModelHttpMatch,
): RouteView {
  const { path, headers, queryParams, statPrefix } = match;
  const common = { path, headers, queryParams, statPrefix, owner: virtualService.ref, port: context.port };
  const name = routeName(rule, match);
  const rulePath = ['spec', 'http', rule.index];
  if (match.broken !== undefined) {
    const { reason, field } = match.broken;
    return { ...common, name, action: { kind: 'broken', reason, field: formatFieldPath(field) } };
  }
  if (rule.action.kind === 'broken')
    return { ...common, name, action: { ...rule.action, field: formatFieldPath(rulePath) } };
  if (rule.action.kind === 'redirect') return { ...common, name, action: redirect(context, rule.action) };
  if (rule.action.kind === 'direct') return { ...common, name, action: rule.action };
  return {
    ...common,
    name,
    action: {
      kind: 'forward',
      targets: forwardTargets(context, rule.action),
      timeoutMs: rule.timeoutMs,
      retry: rule.retry,
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
