// What orders the localities of a cluster: the DestinationRule, else the Service, else the mesh, as in Istio.
import type { LoadBalancerSettings, LocalityLbSetting, ZoneAwareLbSetting } from '../resources/destination-rule.ts';
import { nearness } from './locality.ts';
import type { UpstreamSettings } from './mesh-settings.ts';
import type { ModelService } from './model.ts';

export type LocalityPolicy =
  | {
      readonly kind: 'locality';
      readonly setting: LocalityLbSetting;
      /** Without outlier detection too: the health of endpoints is known otherwise. */
      readonly always: boolean;
    }
  | { readonly kind: 'zone aware'; readonly setting: ZoneAwareLbSetting };

/** Undefined: all localities count the same. */
export function localityPolicy(
  settings: LoadBalancerSettings | undefined,
  { prefersNear }: Pick<ModelService, 'prefersNear'>,
  mesh: Pick<UpstreamSettings, 'localityLb' | 'zoneAwareLb'>,
): LocalityPolicy | undefined {
  if (settings?.zoneAwareLb !== undefined) return { kind: 'zone aware', setting: settings.zoneAwareLb };
  if (settings?.localityLb !== undefined) return unlessDisabled(settings.localityLb);
  if (prefersNear !== undefined) {
    const setting = { enabled: true, distribute: [], failover: [], failoverPriority: nearness[prefersNear] };
    return { kind: 'locality', setting, always: true };
  }
  if (mesh.zoneAwareLb !== undefined) return { kind: 'zone aware', setting: mesh.zoneAwareLb };
  return unlessDisabled(mesh.localityLb);
}

const unlessDisabled = (setting: LocalityLbSetting): LocalityPolicy | undefined =>
  setting.enabled ? { kind: 'locality', setting, always: false } : undefined;
