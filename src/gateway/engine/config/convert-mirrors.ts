// Where a route sends copies of its requests.
import type { RouteAction } from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { runtimeShareOf } from './convert-share.ts';
import type { ForwardAction } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const mirrorFields = new Set(['cluster', 'runtimeFraction', 'traceSampled']);

export function convertMirrors(
  { requestMirrorPolicies }: RouteAction,
  findings: Findings,
): Pick<ForwardAction, 'mirrors'> {
  if (requestMirrorPolicies.length === 0) return {};
  const mirrors = requestMirrorPolicies.map((policy, index) => {
    warnUnhandledFields(policy, mirrorFields, findings.within('RouteAction', `RequestMirrorPolicies[${index}]`));
    return { cluster: policy.cluster, share: runtimeShareOf(policy.runtimeFraction) };
  });
  return { mirrors };
}
