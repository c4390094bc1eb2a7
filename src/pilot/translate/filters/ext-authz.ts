// HTTP filters of action CUSTOM: RBAC finds out whom the provider is to be asked about, ext_authz asks; and the same in front of TCP.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type Filter, FilterSchema } from '../../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { ExtAuthzSchema } from '../../../xds/generated/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.ts';
import { ExtAuthzSchema as NetworkExtAuthzSchema } from '../../../xds/generated/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.ts';
import type { Authorization, CustomAuthorization } from '../../model/proxy-view.ts';
import { shadowRulesPrefix, translateExtAuthz, translateNetworkExtAuthz } from '../translate-ext-authz.ts';
import { type RbacPlace, translateRbac } from '../translate-rbac.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';
import { httpRbacFilter, networkRbacFilter, type RbacRules } from './rbac.ts';

const prefixOf = (provider: string): string => (provider === '' ? 'istio-ext-authz-' : `istio-ext-authz-${provider}-`);

/** Where nobody can be asked, what would be asked about is denied. */
const denied = ({ provider, policies }: CustomAuthorization, place: RbacPlace): RbacRules => ({
  rules: translateRbac(policies, 'DENY', place, {
    prefix: prefixOf(provider),
    suffix: '-deny-due-to-bad-CUSTOM-action',
  }),
});

const found = ({ provider, policies }: CustomAuthorization, place: RbacPlace): RbacRules => ({
  shadowRules: translateRbac(policies, 'DENY', place, { prefix: prefixOf(provider), suffix: '' }),
  shadowRulesStatPrefix: shadowRulesPrefix,
});

/** `hidden`: headers that nobody is told of. */
export function extAuthz(
  { custom }: Authorization,
  ports: RbacPlace['ports'],
  hidden: readonly string[],
): readonly HttpFilterFeature[] {
  const place: RbacPlace = { isTcp: false, ports };
  return custom.flatMap((one) => {
    const { service } = one;
    if (service === undefined) return [httpRbacFilter(denied(one, place))];
    return [
      httpRbacFilter(found(one, place)),
      {
        name: 'envoy.filters.http.ext_authz',
        config: () => anyPack(ExtAuthzSchema, translateExtAuthz(service, hidden)),
      },
    ];
  });
}

/** A provider that is asked in HTTP is not asked about connections, as in Istio. */
export function networkExtAuthz({ custom }: Authorization, ports: RbacPlace['ports']): readonly Filter[] {
  const place: RbacPlace = { isTcp: true, ports };
  return custom.flatMap((one) => {
    const { service } = one;
    if (service === undefined) return [networkRbacFilter(denied(one, place))];
    if (service.settings.http !== undefined) return [];
    return [
      networkRbacFilter(found(one, place)),
      create(FilterSchema, {
        name: 'envoy.filters.network.ext_authz',
        configType: {
          case: 'typedConfig',
          value: anyPack(NetworkExtAuthzSchema, translateNetworkExtAuthz(service)),
        },
      }),
    ];
  });
}
