// What Envoy asks of single messages beyond the rules in its protos, by their type; found by asking Envoy itself.
import type { Message } from '@bufbuild/protobuf';
import { type HeaderValueOption, HeaderValueOptionSchema } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import {
  type FilterChainMatch,
  FilterChainMatchSchema,
} from '../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import {
  type RouteAction,
  RouteActionSchema,
  RouteSchema,
  VirtualHostSchema,
  type WeightedCluster,
  WeightedCluster_ClusterWeightSchema,
  WeightedClusterSchema,
} from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { RouteConfigurationSchema } from '../../xds/generated/envoy/config/route/v3/route_pb.ts';
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
} from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { type RegexMatcher, RegexMatcherSchema } from '../../xds/generated/envoy/type/matcher/v3/regex_pb.ts';
import { checkCommandFormat } from '../model/check-access-log-format.ts';
import { checkRegex } from '../model/check-regex.ts';

type Rule = (message: Message) => string | undefined;

/** Undefined where nothing is wrong. */
export const messageProblem: Rule = (message) =>
  Object.hasOwn(rules, message.$typeName) ? rules[message.$typeName]?.(message) : undefined;

interface WithHeaders {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

/** Envoy has other ways to change those. */
const isFixed = (name: string): boolean => name.startsWith(':') || name.toLowerCase() === 'host';

const headerChanges: Rule = (message) => {
  const from = message as Message & WithHeaders;
  const added = [...from.requestHeadersToAdd, ...from.responseHeadersToAdd].map(({ header }) => header?.key ?? '');
  const fixed = [...added, ...from.requestHeadersToRemove, ...from.responseHeadersToRemove].find(isFixed);
  return fixed === undefined ? undefined : `header ${fixed} may not be added or removed`;
};

const headerValue: Rule = (message) => {
  const wrong = checkCommandFormat((message as HeaderValueOption).header?.value ?? '');
  return wrong === undefined ? undefined : `the value cannot be used: ${wrong}`;
};

const regex: Rule = (message) => {
  const wrong = checkRegex((message as RegexMatcher).regex);
  return wrong === undefined ? undefined : `the regular expression cannot be used: ${wrong}`;
};

const rewrites: Rule = (message) => {
  const { prefixRewrite, regexRewrite, pathRewritePolicy } = message as RouteAction;
  const given = [prefixRewrite !== '', regexRewrite !== undefined, pathRewritePolicy !== undefined];
  return given.filter(Boolean).length > 1
    ? 'only one of prefix_rewrite, regex_rewrite and path_rewrite_policy may be there'
    : undefined;
};

const weights: Rule = (message) =>
  (message as WeightedCluster).clusters.some(({ weight }) => (weight ?? 0) > 0)
    ? undefined
    : 'the weights must come to more than 0';

const serverNames: Rule = (message) => {
  const partial = (message as FilterChainMatch).serverNames.find((name) => name.replace(/^\*\./, '').includes('*'));
  return partial === undefined ? undefined : `${partial} is no server name: only a whole label may be a wildcard`;
};

const upgrades: Rule = (message) => {
  const types = (message as HttpConnectionManager).upgradeConfigs.map(({ upgradeType }) => upgradeType.toLowerCase());
  const twice = types.find((type, i) => types.indexOf(type) !== i);
  return twice === undefined ? undefined : `upgrade_configs has ${twice} twice`;
};

const rules: Readonly<Record<string, Rule>> = {
  [RouteConfigurationSchema.typeName]: headerChanges,
  [VirtualHostSchema.typeName]: headerChanges,
  [RouteSchema.typeName]: headerChanges,
  [WeightedCluster_ClusterWeightSchema.typeName]: headerChanges,
  [HeaderValueOptionSchema.typeName]: headerValue,
  [RegexMatcherSchema.typeName]: regex,
  [RouteActionSchema.typeName]: rewrites,
  [WeightedClusterSchema.typeName]: weights,
  [FilterChainMatchSchema.typeName]: serverNames,
  [HttpConnectionManagerSchema.typeName]: upgrades,
};
