// What a route puts in place of the path and the authority of a request.
import type {
  RouteAction,
  WeightedCluster_ClusterWeight,
} from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { toWireText } from '../http/header-list.ts';
import { compileRegex } from '../match/compile-regex.ts';
import type { ForwardAction, PathRewrite } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { snakeCase } from './warn-unhandled-fields.ts';

export function convertRewrite(
  action: RouteAction,
  findings: Findings,
): Pick<ForwardAction, 'hostRewrite' | 'pathRewrite'> {
  const pathRewrite = convertPathRewrite(action, findings);
  return {
    ...convertHostRewrite(action.hostRewriteSpecifier, findings),
    ...(pathRewrite === undefined ? {} : { pathRewrite }),
  };
}

export function convertHostRewrite(
  specifier: RouteAction['hostRewriteSpecifier'] | WeightedCluster_ClusterWeight['hostRewriteSpecifier'],
  findings: Findings,
): { readonly hostRewrite?: string } {
  if (specifier.case === 'hostRewriteLiteral')
    return specifier.value === '' ? {} : { hostRewrite: toWireText(specifier.value) };
  if (specifier.case !== undefined)
    findings.warn(`${snakeCase(specifier.case)} is not supported by the embedded engine: it has no effect`);
  return {};
}

function convertPathRewrite(action: RouteAction, findings: Findings): PathRewrite | undefined {
  const { prefixRewrite, regexRewrite } = action;
  if (prefixRewrite !== '' && regexRewrite !== undefined)
    findings.reject('Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy');
  if (prefixRewrite !== '') return { kind: 'prefix', value: toWireText(prefixRewrite) };
  if (regexRewrite === undefined) return undefined;
  const compiled = compileRegex(regexRewrite.pattern?.regex ?? '');
  if (compiled.kind === 'error') {
    findings.reject(compiled.error);
    return undefined;
  }
  const substitution = toWireText(regexRewrite.substitution);
  return { kind: 'regex', replace: (path) => compiled.replaceAll(path, substitution) };
}
