// How a cluster weighs its localities.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Cluster_CommonLbConfigSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { LocalityPolicy } from '../model/locality-policy.ts';

type Specifier = Pick<MessageInitShape<typeof Cluster_CommonLbConfigSchema>, 'localityConfigSpecifier'>;

/** By weight only where localities are told apart: otherwise it would get in the way of least request. */
export function translateLocalityPolicy(policy: LocalityPolicy | undefined, detectsFailures: boolean): Specifier {
  if (policy === undefined) return {};
  if (policy.kind === 'zone aware') {
    const { enabled, minClusterSize } = policy.setting;
    return {
      localityConfigSpecifier: {
        case: 'zoneAwareLbConfig',
        value: {
          ...(!enabled && { routingEnabled: { value: 0 } }),
          ...(minClusterSize !== undefined && { minClusterSize: BigInt(minClusterSize) }),
        },
      },
    };
  }
  const { distribute, failover, failoverPriority } = policy.setting;
  const takesOver = (policy.always || detectsFailures) && failover.length + failoverPriority.length > 0;
  return takesOver || distribute.length > 0
    ? { localityConfigSpecifier: { case: 'localityWeightedLbConfig', value: {} } }
    : {};
}
