// ClusterLoadAssignment → endpoints, in the order in which they came.
import { isIP } from 'node:net';
import { HealthStatus } from '../../../xds/generated/envoy/config/core/v3/health_check_pb.ts';
import type {
  LbEndpoint,
  LocalityLbEndpoints,
} from '../../../xds/generated/envoy/config/endpoint/v3/endpoint_components_pb.ts';
import type { ClusterLoadAssignment } from '../../../xds/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import type { Endpoint } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

export interface ConvertedEndpoints {
  readonly version: string;
  readonly endpoints: readonly Endpoint[];
  readonly overprovisioningFactorPercent: number;
}

const assignmentFields = new Set(['clusterName', 'endpoints', 'policy']);
const policyFields = new Set(['overprovisioningFactor']);
const localityFields = new Set([
  ...['locality', 'lbEndpoints', 'lbConfig', 'loadBalancingWeight', 'priority', 'metadata'],
]);
const endpointFields = new Set(['hostIdentifier', 'healthStatus', 'metadata', 'loadBalancingWeight']);
const maxPriority = 128;

/** `byName`: addresses may be host names. */
export function convertEndpoints(
  assignment: ClusterLoadAssignment,
  version: string,
  findings: Findings,
  byName = false,
): ConvertedEndpoints {
  warnUnhandledFields(assignment, assignmentFields, findings);
  if (assignment.policy) warnUnhandledFields(assignment.policy, policyFields, findings);
  const endpoints = assignment.endpoints.flatMap((locality, index) =>
    convertLocality(locality, findings.within('ClusterLoadAssignment', `Endpoints[${index}]`), byName),
  );
  return { version, endpoints, overprovisioningFactorPercent: assignment.policy?.overprovisioningFactor ?? 140 };
}

function convertLocality(group: LocalityLbEndpoints, findings: Findings, byName: boolean): readonly Endpoint[] {
  warnUnhandledFields(group, localityFields, findings);
  if (group.priority > maxPriority)
    findings.constraint('LocalityLbEndpoints', 'Priority', `value must be less than or equal to ${maxPriority}`);
  if (group.lbConfig.case === 'ledsClusterLocalityConfig')
    findings.warn(
      'leds_cluster_locality_config is not supported by the embedded engine: its endpoints get no requests',
    );
  const listed = group.lbConfig.case === 'loadBalancerEndpoints' ? group.lbConfig.value.lbEndpoints : group.lbEndpoints;
  const locality: Endpoint['locality'] = {
    region: group.locality?.region ?? '',
    zone: group.locality?.zone ?? '',
    subZone: group.locality?.subZone ?? '',
    priority: group.priority,
    weight: group.loadBalancingWeight ?? 0,
  };
  return listed.flatMap(
    (endpoint, index) =>
      convertEndpoint(endpoint, locality, findings.within('LocalityLbEndpoints', `LbEndpoints[${index}]`), byName) ??
      [],
  );
}

function convertEndpoint(
  entry: LbEndpoint,
  locality: Endpoint['locality'],
  findings: Findings,
  byName: boolean,
): Endpoint | undefined {
  warnUnhandledFields(entry, endpointFields, findings);
  if (entry.loadBalancingWeight === 0)
    findings.constraint('LbEndpoint', 'LoadBalancingWeight', 'value must be greater than or equal to 1');
  if (entry.hostIdentifier.case !== 'endpoint') {
    findings.reject('Address must be set');
    return undefined;
  }
  const address = entry.hostIdentifier.value.address?.address;
  if (address?.case === undefined) {
    findings.reject('Address must be set');
    return undefined;
  }
  if (address.case !== 'socketAddress') {
    findings.warn('only IP addresses are supported by the embedded engine: this endpoint gets no requests');
    return undefined;
  }
  const { address: host, portSpecifier } = address.value;
  if (isIP(host) === 0 && !(byName && host !== '')) {
    findings.reject(
      `malformed IP address: ${host}. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'`,
    );
    return undefined;
  }
  if (portSpecifier.case !== 'portValue' || portSpecifier.value > 65_535) {
    findings.within('Endpoint', 'Address').required('SocketAddress', 'port_specifier');
    return undefined;
  }
  return {
    address: host,
    port: portSpecifier.value,
    weight: entry.loadBalancingWeight ?? 1,
    healthy: isHealthy(entry.healthStatus),
    locality,
  };
}

function isHealthy(status: HealthStatus): boolean {
  return status === HealthStatus.UNKNOWN || status === HealthStatus.HEALTHY || status === HealthStatus.DEGRADED;
}
