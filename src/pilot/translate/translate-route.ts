// One route: what it matches, where it goes, and whose it is.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { formatResourceRef } from '../../lib/diagnostic.ts';
import {
  type Route,
  type RouteActionSchema,
  RouteSchema,
  type WeightedCluster_ClusterWeightSchema,
} from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { clusterName, configPath } from '../../xds/resource-names.ts';
import { sniDnatName } from '../model/host-names.ts';
import type { PathMatch } from '../model/model.ts';
import type { ForwardTargets, RequestShare, RouteView, Target, WeightedTarget } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';
import { limitsOf } from './filters/local-rate-limit.ts';
import { translateDirectResponse, translateRedirect } from './translate-answer.ts';
import { translateCors } from './translate-cors.ts';
import { fractionalPercent, translateFault } from './translate-fault.ts';
import { translateHashPolicies } from './translate-hash-policy.ts';
import { translateHeaderOperations } from './translate-header-operations.ts';
import { translateRetry } from './translate-retry.ts';
import { translateRewrite } from './translate-rewrite.ts';
import { translateRouteMatch } from './translate-route-match.ts';

export const targetName = ({ host, port, subset, sniDnat }: Target): string =>
  (sniDnat === true ? sniDnatName : clusterName)(port, subset, host);

function clusterWeight(target: WeightedTarget): MessageInitShape<typeof WeightedCluster_ClusterWeightSchema> {
  const { weight, headers } = target;
  const authority = headers?.authority;
  return {
    name: targetName(target),
    weight,
    ...(headers === undefined ? {} : translateHeaderOperations([headers])),
    ...(authority === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: authority } }),
  };
}

function clusterSpecifier(
  targets: ForwardTargets,
): NonNullable<MessageInitShape<typeof RouteActionSchema>['clusterSpecifier']> {
  if (targets.kind === 'single') return { case: 'cluster', value: targetName(targets.target) };
  return {
    case: 'weightedClusters',
    value: { clusters: targets.targets.map(clusterWeight) },
  };
}

function pathPattern(path: PathMatch): string {
  // Istio has no words for whole segments.
  if (path.kind === 'any' || path.kind === 'pathSeparatedPrefix') return '/*';
  return path.kind === 'prefix' ? `${path.value}*` : path.value;
}

/** Istio's description of the route: where it goes if that is one place, else whose it is. */
function operation(route: RouteView): string {
  const pattern = pathPattern(route.path);
  if (route.action.kind === 'forward' && route.action.targets.kind === 'single') {
    const { host, port } = route.action.targets.target;
    return `${host}:${port}${pattern}`;
  }
  return `${route.virtualService.name}:${route.port}${pattern}`;
}

const everyRequest: RequestShare = { numerator: 100, denominator: 'HUNDRED' };

function translateAction(
  route: RouteView,
  appendXForwardedHost: boolean,
): NonNullable<MessageInitShape<typeof RouteSchema>['action']> {
  if (route.action.kind === 'broken') return { case: 'directResponse', value: { status: 500 } };
  if (route.action.kind === 'redirect') return { case: 'redirect', value: translateRedirect(route.action) };
  if (route.action.kind === 'direct') return { case: 'directResponse', value: translateDirectResponse(route.action) };
  // Without a limit Envoy would have one of 15 s; a gRPC client's own deadline counts within it.
  const { targets } = route.action;
  const hashPolicy = translateHashPolicies(targets.policies);
  const timeout = duration(route.action.timeoutMs ?? 0);
  return {
    case: 'route',
    value: {
      clusterSpecifier: clusterSpecifier(targets),
      ...translateRewrite(route.action.rewrite),
      timeout,
      ...translateRetry(route.action.retries, targets.kind === 'single' && hashPolicy.length > 0),
      hashPolicy,
      requestMirrorPolicies: route.action.mirrors.map((mirror) => ({
        cluster: targetName(mirror),
        runtimeFraction: { defaultValue: fractionalPercent(mirror.share ?? everyRequest) },
        traceSampled: false,
      })),
      maxGrpcTimeout: timeout,
      appendXForwardedHost,
    },
  };
}

/** A broken route says in the access log (`ROUTE_NAME`) which field broke it; clients are told nothing of it. */
function routeName(route: RouteView): string {
  if (route.action.kind !== 'broken') return route.name;
  return `broken:${formatResourceRef(route.action.source)}:${route.action.field}`;
}

function perFilterConfig({
  fault,
  corsPolicy,
  rateLimits,
}: RouteView): Pick<MessageInitShape<typeof RouteSchema>, 'typedPerFilterConfig'> {
  if (fault === undefined && corsPolicy === undefined && rateLimits === undefined) return {};
  return {
    typedPerFilterConfig: {
      ...(fault && translateFault(fault)),
      ...(corsPolicy && translateCors(corsPolicy)),
      ...limitsOf(rateLimits),
    },
  };
}

export function translateRoute(route: RouteView, appendXForwardedHost: boolean): Route {
  const { namespace, name } = route.virtualService;
  return create(RouteSchema, {
    name: routeName(route),
    match: translateRouteMatch(route),
    ...translateHeaderOperations(route.headerOperations),
    ...perFilterConfig(route),
    ...(route.statPrefix === undefined ? {} : { statPrefix: route.statPrefix }),
    action: translateAction(route, appendXForwardedHost),
    metadata: {
      filterMetadata: { istio: { config: configPath({ kind: 'VirtualService', namespace, name }) } },
    },
    decorator: { operation: operation(route) },
  });
}
