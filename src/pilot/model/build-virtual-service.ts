// One VirtualService object → rules in Istio's terms: names resolved, regular expressions checked, broken rules marked.
import type { ResourceRef } from '../../lib/diagnostic.ts';
import { type FieldPath, type Resource, resourceRef } from '../resources/resource.ts';
import type {
  CorsPolicy,
  Destination,
  HttpRoute,
  RouteDestination,
  TcpRoute,
  TlsRoute,
} from '../resources/virtual-service.ts';
import { buildHttpMatch, everyRequest } from './build-http-match.ts';
import { checkHttpRoute } from './check-http-route.ts';
import { checkRegex } from './check-regex.ts';
import { exportedTo } from './export-to.ts';
import { isHostName, isSubsetOf, resolveGatewayName, resolveShortName } from './host-names.ts';
import type {
  ModelAction,
  ModelHttpAction,
  ModelHttpRule,
  ModelTcpRule,
  ModelTlsRule,
  ModelVirtualService,
  VirtualServiceResult,
} from './model.ts';
import { type Finding, invalidRegex, report } from './report.ts';

/** Envoy sums weights in 32 bits. */
const maxTotalWeight = 0xffff_ffff;

const answeredWith500 = 'Requests that match it are answered with 500.';

const brokenFinding = (path: FieldPath, reason: string, consequence: string): Finding => ({
  severity: 'error',
  code: 'TG0017',
  path,
  message: `The rule cannot be served: ${reason}. ${consequence}`,
  remedy: 'Correct the rule; the other rules and hosts are served.',
});

const resolveNames = ({ host, subset, port }: Destination, namespace: string) => ({
  host: resolveShortName(host.toLowerCase(), namespace),
  subset: subset ?? '',
  port,
});

function buildAction(route: readonly RouteDestination[], namespace: string): ModelAction {
  const all = route.map(({ destination, weight, headers }, index) => ({
    ...resolveNames(destination, namespace),
    weight: weight ?? 0,
    headers,
    index,
  }));
  const [only] = all;
  if (only === undefined) return { kind: 'broken', reason: 'it has no destination' };
  if (all.length === 1) return { kind: 'forward', destinations: [only], weighted: false };
  const destinations = all.filter(({ weight }) => weight > 0);
  if (destinations.length === 0)
    return { kind: 'broken', reason: 'it has several destinations, and none of them has a weight above 0' };
  if (destinations.reduce((sum, { weight }) => sum + weight, 0) > maxTotalWeight)
    return { kind: 'broken', reason: 'the sum of its weights is too large' };
  return { kind: 'forward', destinations, weighted: true };
}

function buildHttpRule(route: HttpRoute, source: ResourceRef, findings: Finding[]): ModelHttpRule {
  const { namespace } = source;
  const path: FieldPath = ['spec', 'http', route.index];
  const matches = route.match
    .filter(({ unsupported }) => unsupported.length === 0)
    .map((match) => buildHttpMatch(match, namespace, [...path, 'match', match.index], findings));
  const action: ModelHttpAction =
    route.invalid === undefined
      ? httpAction(route, namespace, path, findings)
      : { kind: 'broken', reason: route.invalid };
  return {
    source,
    index: route.index,
    path,
    name: route.name,
    matches: route.match.length === 0 ? [everyRequest] : matches,
    action,
    rewrite: route.rewrite,
    headers: route.headers,
    timeoutMs: route.timeoutMs,
    retries: route.retries,
    fault: route.fault,
    mirrors: route.mirrors?.map(({ destination, share, path: field }) => ({
      ...resolveNames(destination, namespace),
      share,
      path: field,
    })),
    corsPolicy: route.corsPolicy && usableCorsPolicy(route.corsPolicy, [...path, 'corsPolicy'], findings),
  };
}

/** Without the origins whose regular expression no data plane takes: these are allowed nothing. */
function usableCorsPolicy(policy: CorsPolicy, path: FieldPath, findings: Finding[]): CorsPolicy {
  const allowOrigins = policy.allowOrigins.filter(({ kind, value, index }) => {
    const reason = kind === 'regex' ? checkRegex(value) : undefined;
    if (reason === undefined) return true;
    const field = [...path, 'allowOrigins', index, 'regex'];
    findings.push(invalidRegex(value, field, reason, 'It allows no origin.'));
    return false;
  });
  return { ...policy, allowOrigins };
}

function httpAction(route: HttpRoute, namespace: string, path: FieldPath, findings: Finding[]): ModelHttpAction {
  const unusable = checkHttpRoute(route);
  if (unusable !== undefined) {
    findings.push(brokenFinding([...path, ...unusable.field], unusable.reason, answeredWith500));
    return { kind: 'broken', reason: unusable.reason };
  }
  if (route.redirect !== undefined) return { kind: 'redirect', ...route.redirect };
  if (route.directResponse !== undefined) return { kind: 'direct', ...route.directResponse };
  const { delegate } = route;
  if (route.route.length === 0 && delegate !== undefined)
    return { kind: 'delegate', key: `${delegate.namespace ?? namespace}/${delegate.name}` };
  const action = buildAction(route.route, namespace);
  if (action.kind === 'broken') findings.push(brokenFinding([...path, 'route'], action.reason, answeredWith500));
  return action;
}

function connectionAction(
  kind: 'tcp' | 'tls',
  { index, route }: TcpRoute | TlsRoute,
  namespace: string,
  findings: Finding[],
): ModelAction {
  const action = buildAction(route, namespace);
  if (action.kind === 'broken')
    findings.push(brokenFinding(['spec', kind, index, 'route'], action.reason, 'Connections it takes are closed.'));
  return action;
}

function buildTlsRule(route: TlsRoute, resource: Resource<'VirtualService'>, findings: Finding[]): ModelTlsRule {
  const { namespace } = resource.metadata;
  const matches = route.match.map(({ index, sniHosts, port, gateways }) => {
    for (const name of sniHosts)
      if (!resource.spec.hosts.some((host) => isSubsetOf(name, resolveShortName(host.toLowerCase(), namespace))))
        findings.push({
          severity: 'warning',
          code: 'IST0106',
          path: ['spec', 'tls', route.index, 'match', index, 'sniHosts'],
          message: `The name ${name} is none of the VirtualService's hosts. It is served; Istio's validation would refuse the object.`,
          remedy: 'Add it to the hosts.',
        });
    return { index, sniHosts, port, gateways: gateways.map((gateway) => resolveGatewayName(gateway, namespace)) };
  });
  return { index: route.index, matches, action: connectionAction('tls', route, namespace, findings) };
}

function buildTcpRule(route: TcpRoute, namespace: string, findings: Finding[]): ModelTcpRule {
  const action = connectionAction('tcp', route, namespace, findings);
  const matches = route.match.map(({ port, gateways }) => ({
    port,
    gateways: gateways.map((name) => resolveGatewayName(name, namespace)),
  }));
  return { index: route.index, matches, action };
}

function buildHosts(resource: Resource<'VirtualService'>, findings: Finding[]): readonly string[] {
  const hosts = new Set<string>();
  for (const [i, text] of resource.spec.hosts.entries()) {
    const host = resolveShortName(text.toLowerCase(), resource.metadata.namespace);
    const path: FieldPath = ['spec', 'hosts', i];
    if (!isHostName(host)) {
      findings.push({
        severity: 'error',
        code: 'IST0106',
        path,
        message: `The host ${JSON.stringify(text)} is no DNS name, so it is not served; the other hosts are.`,
        remedy: 'Write *, a DNS name, or one with "*." in front.',
      });
      continue;
    }
    if (host !== text && !text.includes('.') && resource.spec.http.length > 0)
      findings.push({
        severity: 'info',
        code: 'TG0008',
        path,
        message: `The short name ${text} stands for ${host}, as everywhere in Istio: requests for Host: ${text} do not match.`,
        remedy: 'Write a host name with a dot if clients outside shall use it.',
      });
    hosts.add(host);
  }
  return [...hosts];
}

export function buildVirtualService(
  resource: Resource<'VirtualService'>,
  defaultExportTo: readonly string[] = [],
): VirtualServiceResult {
  const { name, namespace } = resource.metadata;
  const findings: Finding[] = [];
  const gateways = resource.spec.gateways.map((text) => resolveGatewayName(text, namespace));
  const virtualService: ModelVirtualService = {
    key: `${namespace}/${name}`,
    name,
    namespace,
    ref: resourceRef(resource),
    hosts: buildHosts(resource, findings),
    gateways: [...new Set(gateways)].filter((key) => key !== 'mesh'),
    exportTo: exportedTo(resource.spec.exportTo, defaultExportTo, namespace),
    http: resource.spec.http.map((route) => buildHttpRule(route, resourceRef(resource), findings)),
    tls: resource.spec.tls.map((route) => buildTlsRule(route, resource, findings)),
    tcp: resource.spec.tcp.map((route) => buildTcpRule(route, namespace, findings)),
    resource,
  };
  return { virtualService, diagnostics: findings.map((finding) => report(resource, finding)) };
}
