// HTTP filters: DENY first, then ALLOW, each only where there are policies for it; and the same in front of TCP.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type Filter, FilterSchema } from '../../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { RBACSchema as HttpRbacSchema } from '../../../xds/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts';
import { RBACSchema as NetworkRbacSchema } from '../../../xds/generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts';
import type { Authorization } from '../../model/proxy-view.ts';
import { type RbacPlace, translateRbac } from '../translate-rbac.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

/** Istio's name, so that dashboards find it. */
const shadowRulesStatPrefix = 'istio_dry_run_allow_';

const rulesOf = ({ deny, allow }: Authorization, place: RbacPlace) => [
  ...(deny.length === 0 ? [] : [translateRbac(deny, 'DENY', place)]),
  ...(allow.length === 0 ? [] : [translateRbac(allow, 'ALLOW', place)]),
];

export const rbac = (authorization: Authorization, ports: RbacPlace['ports']): readonly HttpFilterFeature[] =>
  rulesOf(authorization, { isTcp: false, ports }).map((rules) => ({
    name: 'envoy.filters.http.rbac',
    config: () => anyPack(HttpRbacSchema, create(HttpRbacSchema, { rules, shadowRulesStatPrefix })),
  }));

export const networkRbac = (authorization: Authorization, ports: RbacPlace['ports']): readonly Filter[] =>
  rulesOf(authorization, { isTcp: true, ports }).map((rules) =>
    create(FilterSchema, {
      name: 'envoy.filters.network.rbac',
      configType: {
        case: 'typedConfig',
        value: anyPack(
          NetworkRbacSchema,
          create(NetworkRbacSchema, { rules, statPrefix: 'tcp.', shadowRulesStatPrefix }),
        ),
      },
    }),
  );
