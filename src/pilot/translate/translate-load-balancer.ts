// How a cluster spreads its requests.
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type ClusterSchema,
  Cluster_LbPolicy as LbPolicy,
} from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { LoadBalancerSettings, Warmup } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';

type Balancing = Pick<MessageInitShape<typeof ClusterSchema>, 'lbPolicy' | 'lbConfig'>;

/** The runtime key is never set; Envoy wants a name for it all the same. */
function slowStartConfig({ durationMs, minimumPercent, aggression }: Warmup) {
  return {
    slowStartConfig: {
      slowStartWindow: duration(durationMs),
      ...(aggression === undefined
        ? {}
        : { aggression: { defaultValue: aggression, runtimeKey: 'upstream.slow_start.aggression' } }),
      ...(minimumPercent === undefined ? {} : { minWeightPercent: { value: minimumPercent } }),
    },
  };
}

/** Istio's default is least request. */
export function translateLoadBalancer(settings: LoadBalancerSettings | undefined): Balancing {
  if (settings === undefined) return { lbPolicy: LbPolicy.LEAST_REQUEST };
  const { policy, warmup } = settings;
  if (policy === 'RANDOM') return { lbPolicy: LbPolicy.RANDOM };
  if (policy === 'ROUND_ROBIN')
    return {
      lbPolicy: LbPolicy.ROUND_ROBIN,
      ...(warmup && { lbConfig: { case: 'roundRobinLbConfig', value: slowStartConfig(warmup) } }),
    };
  if (policy === 'LEAST_REQUEST')
    return {
      lbPolicy: LbPolicy.LEAST_REQUEST,
      ...(warmup && { lbConfig: { case: 'leastRequestLbConfig', value: slowStartConfig(warmup) } }),
    };
  const { table } = policy;
  if (table.kind === 'ringHash')
    return {
      lbPolicy: LbPolicy.RING_HASH,
      lbConfig: { case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(table.minimumRingSize) } },
    };
  const { tableSize } = table;
  return {
    lbPolicy: LbPolicy.MAGLEV,
    ...(tableSize === undefined
      ? {}
      : { lbConfig: { case: 'maglevLbConfig', value: { tableSize: BigInt(tableSize) } } }),
  };
}
