// One route of a virtual host: what it matches and what is done with a request that matches.
import type {
  RetryPolicy as EnvoyRetryPolicy,
  Route as EnvoyRoute,
  RouteMatch as EnvoyRouteMatch,
  RouteAction,
  WeightedCluster,
} from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { compileRegex } from '../match/compile-regex.ts';
import { convertHashPolicies } from './convert-hash-policy.ts';
import { convertHeaderMutations, headerChangeFields } from './convert-header-mutations.ts';
import { convertMetadataMatcher } from './convert-metadata-matcher.ts';
import { convertMirrors } from './convert-mirrors.ts';
import { convertPerFilterConfig } from './convert-per-filter-config.ts';
import { convertRedirect } from './convert-redirect.ts';
import { convertRetry } from './convert-retry.ts';
import { convertHostRewrite, convertRewrite } from './convert-rewrite.ts';
import { convertHeaderMatcher, convertQueryParameterMatcher } from './convert-route-predicates.ts';
import { durationMs } from './duration-ms.ts';
import type {
  DirectResponseAction,
  ForwardAction,
  MessageMutations,
  Route,
  RouteMatch,
  WeightedClusters,
} from './engine-config.ts';
import type { Findings } from './findings.ts';
import { readDataBytes } from './read-data-source.ts';
import { snakeCase, warnUnhandledFields } from './warn-unhandled-fields.ts';

const routeFields = new Set([
  ...['name', 'match', 'action', 'metadata', 'decorator', 'tracing', 'statPrefix', 'typedPerFilterConfig'],
  ...headerChangeFields,
]);
const matchFields = new Set(['pathSpecifier', 'caseSensitive', 'headers', 'queryParameters', 'dynamicMetadata']);
const actionFields = new Set([
  ...['clusterSpecifier', 'timeout', 'retryPolicy', 'maxGrpcTimeout', 'metadataMatch'],
  ...['prefixRewrite', 'regexRewrite', 'hostRewriteSpecifier', 'requestMirrorPolicies', 'hashPolicy'],
  'appendXForwardedHost',
]);
const weightedFields = new Set(['clusters', 'totalWeight', 'runtimeKeyPrefix']);
const weightFields = new Set(['name', 'weight', 'metadataMatch', 'hostRewriteSpecifier', ...headerChangeFields]);

/** What routes inherit. */
export interface RouteDefaults {
  readonly retryPolicy: EnvoyRetryPolicy | undefined;
  readonly maxDirectResponseBodySize: number;
  readonly outerHeaders?: readonly MessageMutations[];
  /** Route table, virtual host and place in it. */
  readonly where: string;
}

/** Undefined only together with an error. */
export function convertRoute(route: EnvoyRoute, defaults: RouteDefaults, findings: Findings): Route | undefined {
  if (route.match === undefined) {
    findings.constraint('Route', 'Match', 'value is required');
    return undefined;
  }
  warnUnhandledFields(route, routeFields, findings);
  const match = convertRouteMatch(route.match, findings.within('Route', 'Match'));
  const action = convertAction(route, defaults, findings);
  if (match === undefined || action === undefined) return undefined;
  const headers = convertHeaderMutations(route, 'Route', findings);
  const owner = route.metadata?.filterMetadata.istio?.config;
  return {
    name: route.name,
    match,
    action,
    ...(headers ? { headers } : {}),
    ...(defaults.outerHeaders?.length ? { outerHeaders: defaults.outerHeaders } : {}),
    ...convertPerFilterConfig(route.typedPerFilterConfig, defaults.where, findings),
    ...(route.statPrefix !== '' && { statPrefix: route.statPrefix }),
    decoratorOperation: route.decorator?.operation ?? '',
    owner: typeof owner === 'string' ? owner : undefined,
  };
}

/** A predicate that cannot be judged must not let requests through that it was to keep out: such a route matches nothing. */
export const matchesNothing: RouteMatch = {
  path: { kind: 'regex', source: '(unsupported match)', matches: () => false },
};

export function convertRouteMatch(match: EnvoyRouteMatch, findings: Findings): RouteMatch | undefined {
  const unsupported = warnUnhandledFields(match, matchFields, findings, 'the route matches no request');
  const path = convertPath(match, findings);
  const headers = match.headers.map((header, index) =>
    convertHeaderMatcher(header, findings.within('RouteMatch', `Headers[${index}]`)),
  );
  const parameters = match.queryParameters.map((parameter, index) =>
    convertQueryParameterMatcher(parameter, findings.within('RouteMatch', `QueryParameters[${index}]`)),
  );
  const metadata = match.dynamicMetadata.map((one, index) =>
    convertMetadataMatcher(one, findings.within('RouteMatch', `DynamicMetadata[${index}]`)),
  );
  if (path === undefined) return undefined;
  const usable = { headers: headers.filter(isDefined), queryParameters: parameters.filter(isDefined) };
  const knownMetadata = metadata.filter(isDefined);
  const lost =
    usable.headers.length < headers.length ||
    usable.queryParameters.length < parameters.length ||
    knownMetadata.length < metadata.length;
  if (unsupported || lost) return matchesNothing;
  return {
    ...path,
    ...(headers.length > 0 ? { headers: usable.headers } : {}),
    ...(parameters.length > 0 ? { queryParameters: usable.queryParameters } : {}),
    ...(knownMetadata.length > 0 ? { dynamicMetadata: knownMetadata } : {}),
  };
}

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

function convertPath(match: EnvoyRouteMatch, findings: Findings): RouteMatch | undefined {
  const { pathSpecifier } = match;
  const caseSensitive = match.caseSensitive ?? true;
  switch (pathSpecifier.case) {
    case 'path':
      return { path: { kind: 'exact', value: pathSpecifier.value, caseSensitive } };
    case 'prefix':
      return { path: { kind: 'prefix', value: pathSpecifier.value, caseSensitive } };
    case 'pathSeparatedPrefix':
      if (!/^[^?#]+[^?#/]$/.test(pathSpecifier.value))
        findings.constraint('RouteMatch', 'PathSeparatedPrefix', 'value does not match regex pattern "^[^?#]+[^?#/]$"');
      return { path: { kind: 'pathSeparatedPrefix', value: pathSpecifier.value, caseSensitive } };
    case 'safeRegex':
      return convertRegex(pathSpecifier.value.regex, findings);
    case undefined:
      findings.required('RouteMatch', 'path_specifier');
      return undefined;
    default:
      findings.warn(
        `${snakeCase(pathSpecifier.case)} is not supported by the embedded engine: the route matches no request`,
      );
      return matchesNothing;
  }
}

function convertRegex(source: string, findings: Findings): RouteMatch | undefined {
  if (source === '') {
    findings
      .within('RouteMatch', 'SafeRegex')
      .constraint('RegexMatcher', 'Regex', 'value length must be at least 1 characters');
    return undefined;
  }
  const compiled = compileRegex(source);
  if (compiled.kind === 'ok') return { path: { kind: 'regex', source, matches: compiled.matches } };
  findings.reject(compiled.error);
  return undefined;
}

/** Answered in place of what cannot be done: a client must not be sent elsewhere than asked. */
const notImplemented: DirectResponseAction = { kind: 'direct', status: 500, body: new Uint8Array() };

function convertAction(route: EnvoyRoute, defaults: RouteDefaults, findings: Findings): Route['action'] | undefined {
  const { action } = route;
  switch (action.case) {
    case 'redirect':
      return convertRedirect(action.value, notImplemented, findings.within('Route', 'Redirect'));
    case 'route':
      return convertForward(action.value, defaults, findings.within('Route', 'Route'));
    case 'directResponse': {
      const inside = findings.within('Route', 'DirectResponse');
      const { status } = action.value;
      if (status < 200 || status >= 600)
        inside.constraint('DirectResponseAction', 'Status', 'value must be inside range [200, 600)');
      const body = readDataBytes(action.value.body, inside);
      const maximum = defaults.maxDirectResponseBodySize;
      if (body.length > maximum) inside.reject(`response body size is ${body.length} bytes; maximum is ${maximum}`);
      return { kind: 'direct', status, body };
    }
    case undefined:
      findings.required('Route', 'action');
      return undefined;
    default:
      findings.warn(
        `${snakeCase(action.case)} is not supported by the embedded engine: requests are answered with 500`,
      );
      return notImplemented;
  }
}

const fifteenSeconds = 15_000;

function convertForward(
  action: RouteAction,
  defaults: RouteDefaults,
  findings: Findings,
): ForwardAction | DirectResponseAction | undefined {
  warnUnhandledFields(action, actionFields, findings);
  const { clusterSpecifier } = action;
  let clusters: WeightedClusters | undefined;
  switch (clusterSpecifier.case) {
    case 'cluster':
      if (clusterSpecifier.value === '')
        findings.constraint('RouteAction', 'Cluster', 'value length must be at least 1 characters');
      clusters = { entries: [{ cluster: clusterSpecifier.value, weight: 1 }], totalWeight: 1 };
      break;
    case 'weightedClusters':
      clusters = convertWeighted(clusterSpecifier.value, findings.within('RouteAction', 'WeightedClusters'));
      break;
    case undefined:
      findings.required('RouteAction', 'cluster_specifier');
      return undefined;
    default:
      findings.warn(
        `${snakeCase(clusterSpecifier.case)} is not supported by the embedded engine: requests are answered with 500`,
      );
      return notImplemented;
  }
  const policy = action.retryPolicy ?? defaults.retryPolicy;
  if (clusters === undefined) return undefined;
  return {
    kind: 'forward',
    clusters,
    timeoutMs: durationMs(action.timeout, fifteenSeconds),
    retry: policy && convertRetry(policy, findings.within('RouteAction', 'RetryPolicy')),
    ...convertRewrite(action, findings),
    ...(action.appendXForwardedHost && { appendXForwardedHost: true }),
    ...convertMirrors(action, findings),
    ...(action.hashPolicy.length > 0 && { hashPolicies: convertHashPolicies(action.hashPolicy, findings) }),
    ...(action.maxGrpcTimeout && { maxGrpcTimeoutMs: durationMs(action.maxGrpcTimeout, 0) }),
  };
}

const uint32Max = 4_294_967_295;

function convertWeighted(weighted: WeightedCluster, findings: Findings): WeightedClusters | undefined {
  if (weighted.clusters.length === 0) {
    findings.constraint('WeightedCluster', 'Clusters', 'value must contain at least 1 item(s)');
    return undefined;
  }
  warnUnhandledFields(weighted, weightedFields, findings);
  const entries = weighted.clusters.map((cluster, index) => {
    const inside = findings.within('WeightedCluster', `Clusters[${index}]`);
    warnUnhandledFields(cluster, weightFields, inside);
    if (cluster.weight === undefined) findings.reject("Field 'weight' is missing in: weighted_clusters");
    if (cluster.name === '') findings.reject('At least one of name or cluster_header need to be specified');
    const headers = convertHeaderMutations(cluster, 'ClusterWeight', inside);
    return {
      cluster: cluster.name,
      weight: cluster.weight ?? 0,
      ...(headers ? { headers } : {}),
      ...convertHostRewrite(cluster.hostRewriteSpecifier, inside),
    };
  });
  const totalWeight = entries.reduce((sum, { weight }) => sum + weight, 0);
  if (totalWeight === 0) findings.reject('Sum of weights in the weighted_cluster must be greater than 0.');
  if (totalWeight > uint32Max)
    findings.reject(`The sum of weights of all weighted clusters of route exceeds ${uint32Max}`);
  return { entries, totalWeight };
}
