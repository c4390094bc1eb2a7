// What Envoy asks of a cluster beyond the rules in its protos, as far as patches can break it.
import { isIP } from 'node:net';
import {
  type Cluster,
  ClusterSchema,
  Cluster_DiscoveryType as DiscoveryType,
  Cluster_LbPolicy as LbPolicy,
} from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { LocalityLbEndpoints } from '../../xds/generated/envoy/config/endpoint/v3/endpoint_components_pb.ts';
import { checkConstraints, type Violation } from './check-constraints.ts';

export function checkCluster(cluster: Cluster): readonly Violation[] {
  return [...checkConstraints(ClusterSchema, cluster), ...checkDiscovery(cluster), ...checkSocket(cluster)];
}

/** The host of each endpoint; undefined where it has no address, '' where that is none of a socket. */
const addressesOf = (localities: readonly LocalityLbEndpoints[]): readonly (string | undefined)[] =>
  localities.flatMap(({ lbEndpoints }) =>
    lbEndpoints.map(({ hostIdentifier }) => {
      const address = hostIdentifier.case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
      if (address?.case === undefined) return undefined;
      return address.case === 'socketAddress' ? address.value.address : '';
    }),
  );

function checkDiscovery(cluster: Cluster): readonly Violation[] {
  const { clusterDiscoveryType, lbPolicy, loadAssignment, edsClusterConfig } = cluster;
  if (clusterDiscoveryType.case === 'clusterType') return [];
  const type = clusterDiscoveryType.value ?? DiscoveryType.STATIC;
  const localities = loadAssignment?.endpoints ?? [];
  const provides = type === DiscoveryType.ORIGINAL_DST;
  if (provides !== (lbPolicy === LbPolicy.CLUSTER_PROVIDED))
    return ['lb_policy: ORIGINAL_DST and CLUSTER_PROVIDED go with each other only'];
  if (type === DiscoveryType.EDS)
    return edsClusterConfig?.edsConfig === undefined ? ['eds_cluster_config: an EDS cluster needs eds_config'] : [];
  if (edsClusterConfig !== undefined) return ['eds_cluster_config: is for clusters of type EDS only'];
  if (type === DiscoveryType.LOGICAL_DNS && (localities.length !== 1 || localities[0]?.lbEndpoints.length !== 1))
    return ['load_assignment: a LOGICAL_DNS cluster has exactly one endpoint'];
  if (provides) return loadAssignment === undefined ? [] : ['load_assignment: an ORIGINAL_DST cluster has none'];
  const addresses = addressesOf(localities);
  // Envoy takes that where names are asked for, and sends nobody there.
  if (addresses.includes(undefined)) return ['load_assignment: an endpoint has no address'];
  const name = type === DiscoveryType.STATIC ? addresses.find((one) => one && isIP(one) === 0) : undefined;
  return name === undefined ? [] : [`load_assignment: ${name} is no IP address, as a STATIC cluster needs`];
}

const checkSocket = ({ transportSocket, transportSocketMatches }: Cluster): readonly Violation[] =>
  [transportSocket, ...transportSocketMatches.map((one) => one.transportSocket)].flatMap((socket) =>
    socket !== undefined && socket.configType.case !== 'typedConfig'
      ? [`transport_socket: ${socket.name} has no typed_config`]
      : [],
  );
