// What Envoy asks of a route table beyond the rules in its protos, as far as patches can break it.
import type { VirtualHost } from '../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { checkConstraints, type Violation } from './check-constraints.ts';

export const checkRouteTable = (table: RouteConfiguration): readonly Violation[] => [
  ...checkConstraints(RouteConfigurationSchema, table),
  ...checkDomains(table.virtualHosts),
];

/** Names of virtual hosts may be there twice: Envoy takes that. */
export function checkDomains(hosts: readonly VirtualHost[]): readonly Violation[] {
  const seen = new Set<string>();
  for (const [i, { domains }] of hosts.entries())
    for (const domain of domains) {
      const key = domain.toLowerCase();
      if (seen.has(key)) return [`virtual_hosts[${i}].domains: ${domain} stands in this table twice`];
      seen.add(key);
    }
  return [];
}
