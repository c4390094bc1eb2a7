// DestinationRules that go by a locality which this gateway does not know of itself.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { LoadBalancerSettings } from '../resources/destination-rule.ts';
import type { ClusterView } from './cluster-view.ts';
import { formatLocality, type ProxyPlace } from './locality.ts';
import type { ProxyClass } from './proxy-class.ts';
import { report } from './report.ts';

/** Whether it comes to something else where the gateway is somewhere. */
function dependsOnPlace({ localityLb, zoneAwareLb }: LoadBalancerSettings): boolean {
  if (zoneAwareLb !== undefined) return zoneAwareLb.enabled;
  if (localityLb === undefined || !localityLb.enabled) return false;
  return localityLb.failover.length > 0 || localityLb.distribute.some(({ from }) => from !== '*');
}

/** Whether its rule goes by where the gateway is. */
export const goesByPlace = ({ rule, policy: { loadBalancer } }: ClusterView): boolean =>
  rule !== undefined && loadBalancer !== undefined && dependsOnPlace(loadBalancer);

/** `clusters`: those that go by place. Only of gateways on this machine: those of a cluster know it by their Node, once they are connected. */
export function checkLocality(
  clusters: readonly ClusterView[],
  { localNode }: ProxyClass,
  { locality }: ProxyPlace,
): readonly Diagnostic[] {
  if (localNode === undefined || formatLocality(locality) !== '') return [];
  const rules = new Set(clusters.flatMap(({ rule }) => rule?.resources ?? []));
  return [...rules].map((rule) => {
    const name = rule.spec.trafficPolicy?.loadBalancer?.zoneAwareLb ? 'zoneAwareLbSetting' : 'localityLbSetting';
    return report(rule, {
      severity: 'warning',
      code: 'TG0037',
      path: rule.spec.trafficPolicy?.loadBalancer ? ['spec', 'trafficPolicy', 'loadBalancer', name] : ['spec'],
      message: 'The gateway does not know where it is: what the rule says of its locality has no effect.',
      remedy: 'Start it with --locality region/zone, or with --node-name and the manifest of its Node.',
    });
  });
}
