// HTTP filters: AUDIT first, then DENY, then ALLOW, each only where there are policies for it; and the same in front of TCP.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type Filter, FilterSchema } from '../../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import type { RBAC } from '../../../xds/generated/envoy/config/rbac/v3/rbac_pb.ts';
import { RBACSchema as HttpRbacSchema } from '../../../xds/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { RBACSchema as NetworkRbacSchema } from '../../../xds/generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts';
import type { Authorization, AuthorizationPolicy } from '../../model/proxy-view.ts';
import { type RbacPlace, translateRbac } from '../translate-rbac.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

export interface RbacRules {
  readonly rules?: RBAC;
  /** Judged and written down, and never in force. */
  readonly shadowRules?: RBAC;
  readonly shadowRulesStatPrefix?: string;
}

/** Istio's name, so that dashboards find it; it is the one of ALLOW where there are no such rules. */
function dryRunPrefix(action: 'ALLOW' | 'DENY' | 'LOG', hasDryRun: boolean): string {
  if (!hasDryRun || action === 'ALLOW') return 'istio_dry_run_allow_';
  return action === 'DENY' ? 'istio_dry_run_deny_' : '';
}

function rulesOf(
  policies: readonly AuthorizationPolicy[],
  action: 'ALLOW' | 'DENY' | 'LOG',
  place: RbacPlace,
): readonly RbacRules[] {
  if (policies.length === 0) return [];
  const [inForce, dryRun] = [policies.filter((one) => !one.isDryRun), policies.filter((one) => one.isDryRun)];
  const hasDryRun = dryRun.length > 0;
  return [
    {
      ...(inForce.length > 0 && { rules: translateRbac(inForce, action, place) }),
      ...(hasDryRun && { shadowRules: translateRbac(dryRun, action, place) }),
      shadowRulesStatPrefix: dryRunPrefix(action, hasDryRun),
    },
  ];
}

const allRules = ({ audit, deny, allow }: Authorization, place: RbacPlace): readonly RbacRules[] => [
  ...rulesOf(audit, 'LOG', place),
  ...rulesOf(deny, 'DENY', place),
  ...rulesOf(allow, 'ALLOW', place),
];

export const httpRbacFilter = (rules: RbacRules): HttpFilterFeature => ({
  name: 'envoy.filters.http.rbac',
  config: () => anyPack(HttpRbacSchema, create(HttpRbacSchema, rules)),
});

export const networkRbacFilter = (rules: RbacRules): Filter =>
  create(FilterSchema, {
    name: 'envoy.filters.network.rbac',
    configType: {
      case: 'typedConfig',
      value: anyPack(NetworkRbacSchema, create(NetworkRbacSchema, { ...rules, statPrefix: 'tcp.' })),
    },
  });

export const rbac = (authorization: Authorization, ports: RbacPlace['ports']): readonly HttpFilterFeature[] =>
  allRules(authorization, { isTcp: false, ports }).map(httpRbacFilter);

export const networkRbac = (authorization: Authorization, ports: RbacPlace['ports']): readonly Filter[] =>
  allRules(authorization, { isTcp: true, ports }).map(networkRbacFilter);
