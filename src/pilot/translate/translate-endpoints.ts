// The endpoints of a cluster, by locality, in the order in which a gateway where this one is prefers them.
import { create } from '@bufbuild/protobuf';
import { HealthStatus } from '../../xds/generated/envoy/config/core/v3/health_check_pb.ts';
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from '../../xds/generated/envoy/config/endpoint/v3/endpoint_pb.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import { typeUrls } from '../../xds/type-urls.ts';
import type { ModelEndpoint } from '../model/model.ts';
import { type OrderOptions, orderLocalities } from '../model/order-localities.ts';
import { selectorMatches } from '../model/proxy-class.ts';
import type { ClusterView } from '../model/proxy-view.ts';

interface WeighedEndpoint extends ModelEndpoint {
  readonly healthy: boolean;
}

/** Those of its subset; none where TLS cannot be done as asked. Unready ones only where their number decides who takes over. */
function endpointsOf({ service, port, subset, tls }: ClusterView): readonly WeighedEndpoint[] {
  if (tls === 'broken') return [];
  const unready = service.prefersNear === undefined ? [] : port.unready;
  return [
    ...port.endpoints.map((endpoint) => ({ ...endpoint, healthy: true })),
    ...unready.map((endpoint) => ({ ...endpoint, healthy: false })),
  ].filter((endpoint) => subset === undefined || selectorMatches(subset.labels, endpoint.labels));
}

const lbEndpoint = ({ address, port, weight, healthy }: WeighedEndpoint) => ({
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
  healthStatus: healthy ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY,
  loadBalancingWeight: weight,
});

export function assignEndpoints(
  clusterName: string,
  view: ClusterView,
  order: OrderOptions,
): { readonly loadAssignment: ClusterLoadAssignment; readonly isEmpty: boolean } {
  const groups = orderLocalities(endpointsOf(view), order);
  const loadAssignment = create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: groups.map(({ locality, endpoints, weight, priority }) => ({
      locality,
      lbEndpoints: endpoints.map(lbEndpoint),
      loadBalancingWeight: weight,
      priority,
    })),
  });
  return { loadAssignment, isEmpty: groups.length === 0 };
}

export function translateEndpoints(name: string, view: ClusterView, order: OrderOptions): XdsResource {
  const { loadAssignment } = assignEndpoints(name, view, order);
  return createXdsResource(typeUrls.endpoint, ClusterLoadAssignmentSchema, name, loadAssignment, {
    owners: [view.service.ref],
  });
}
