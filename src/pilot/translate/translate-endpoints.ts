// The endpoints of a cluster, by locality.
import { create } from '@bufbuild/protobuf';
import type { Locality } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import { HealthStatus } from '../../xds/generated/envoy/config/core/v3/health_check_pb.ts';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../../xds/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import type { ModelEndpoint } from '../model/model.ts';
import { selectorMatches } from '../model/proxy-class.ts';
import type { ClusterView } from '../model/proxy-view.ts';

/** Those of its subset; none where TLS cannot be done as asked. */
function endpointsOf({ port, subset, tls }: ClusterView): readonly ModelEndpoint[] {
  if (tls === 'broken') return [];
  return port.endpoints.filter((endpoint) => subset === undefined || selectorMatches(subset.labels, endpoint.labels));
}

/** `region/zone/subzone`, the later parts optional. */
function localityOf(text: string): Partial<Pick<Locality, 'region' | 'zone' | 'subZone'>> {
  const [region = '', zone = '', subZone = ''] = text.split('/');
  return { region, zone, subZone };
}

const lbEndpoint = ({ address, port, weight }: ModelEndpoint) => ({
  hostIdentifier: {
    case: 'endpoint' as const,
    value: {
      address: {
        address: {
          case: 'socketAddress' as const,
          value: { address, portSpecifier: { case: 'portValue' as const, value: port } },
        },
      },
    },
  },
  healthStatus: HealthStatus.HEALTHY,
  loadBalancingWeight: weight,
});

const uint32Max = 0xffff_ffff;

export function assignEndpoints(
  clusterName: string,
  view: ClusterView,
): { readonly loadAssignment: ClusterLoadAssignment; readonly isEmpty: boolean } {
  const endpoints = endpointsOf(view);
  const localities = [...Map.groupBy(endpoints, ({ locality }) => locality)].sort(([a], [b]) => (a < b ? -1 : 1));
  const loadAssignment = create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: localities.map(([locality, members]) => ({
      locality: localityOf(locality),
      lbEndpoints: members.map(lbEndpoint),
      loadBalancingWeight: Math.min(
        members.reduce((sum, { weight }) => sum + weight, 0),
        uint32Max,
      ),
    })),
  });
  return { loadAssignment, isEmpty: endpoints.length === 0 };
}

export function translateEndpoints(name: string, view: ClusterView): XdsResource {
  const { loadAssignment } = assignEndpoints(name, view);
  return createXdsResource(typeUrls.endpoint, ClusterLoadAssignmentSchema, name, loadAssignment, {
    owners: [view.service.ref],
  });
}
