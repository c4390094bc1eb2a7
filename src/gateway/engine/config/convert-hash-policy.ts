// What consistent load balancing looks at: hash policies of routes, and of TCP proxies.
import type {
  RouteAction_HashPolicy_Cookie as Cookie,
  RouteAction_HashPolicy as EnvoyHashPolicy,
} from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import type { HashPolicy as EnvoyTcpHashPolicy } from '../../../xds/generated/envoy/type/v3/hash_policy_pb.ts';
import { toWireText } from '../http/header-list.ts';
import { durationMs } from './duration-ms.ts';
import type { HashPolicy } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { snakeCase } from './warn-unhandled-fields.ts';

type Specifier = HashPolicy extends infer Policy ? (Policy extends unknown ? Omit<Policy, 'terminal'> : never) : never;

export function convertHashPolicies(policies: readonly EnvoyHashPolicy[], findings: Findings): readonly HashPolicy[] {
  return policies.flatMap((policy, index) => {
    const specifier = convertSpecifier(policy, findings.within('RouteAction', `HashPolicy[${index}]`));
    return specifier === undefined ? [] : [{ ...specifier, terminal: policy.terminal } as HashPolicy];
  });
}

function convertSpecifier({ policySpecifier }: EnvoyHashPolicy, findings: Findings): Specifier | undefined {
  switch (policySpecifier.case) {
    case 'header':
      if (policySpecifier.value.headerName === '')
        findings
          .within('HashPolicy', 'Header')
          .constraint('Header', 'HeaderName', 'value length must be at least 1 characters');
      if (policySpecifier.value.regexRewrite)
        findings.warn('regex_rewrite of a hash policy is not supported by the embedded engine: it has no effect');
      return { kind: 'header', name: policySpecifier.value.headerName.toLowerCase() };
    case 'cookie':
      return convertCookie(policySpecifier.value, findings);
    case 'connectionProperties':
      return policySpecifier.value.sourceIp ? { kind: 'source ip' } : undefined;
    case 'queryParameter':
      if (policySpecifier.value.name === '')
        findings
          .within('HashPolicy', 'QueryParameter')
          .constraint('QueryParameter', 'Name', 'value length must be at least 1 characters');
      return { kind: 'query parameter', name: toWireText(policySpecifier.value.name) };
    case undefined:
      findings.required('HashPolicy', 'policy_specifier');
      return undefined;
    default:
      findings.warn(
        `${snakeCase(policySpecifier.case)} of a hash policy is not supported by the embedded engine: it has no effect`,
      );
      return undefined;
  }
}

function convertCookie(cookie: Cookie, findings: Findings): Specifier {
  if (cookie.name === '')
    findings.within('HashPolicy', 'Cookie').constraint('Cookie', 'Name', 'value length must be at least 1 characters');
  return {
    kind: 'cookie',
    name: cookie.name,
    path: cookie.path,
    ttlSeconds: cookie.ttl && Math.floor(durationMs(cookie.ttl, 0) / 1000),
    attributes: cookie.attributes.map(({ name, value }) => ({ name, value })),
  };
}

/** Whether connections are told by the client's address. */
export function hashesSourceIp(policies: readonly EnvoyTcpHashPolicy[], findings: Findings): boolean {
  for (const { policySpecifier } of policies)
    if (policySpecifier.case === undefined) findings.required('HashPolicy', 'policy_specifier');
    else if (policySpecifier.case === 'filterState')
      findings.warn('filter_state of a hash policy is not supported by the embedded engine: it has no effect');
  return policies.some(({ policySpecifier }) => policySpecifier.case === 'sourceIp');
}
