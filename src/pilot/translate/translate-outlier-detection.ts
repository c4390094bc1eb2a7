// When an endpoint that fails gets no requests for a while.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { ClusterPolicy } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';

/** A count of 0 switches its check off. */
const enforced = (count: number): number => (count > 0 ? 100 : 0);

/** Statistical checks are off, as in Istio: with few endpoints they mean little. */
export function translateOutlierDetection(
  detection: ClusterPolicy['outlierDetection'],
): Pick<MessageInitShape<typeof ClusterSchema>, 'outlierDetection'> {
  if (detection === undefined) return {};
  const { consecutive5xxErrors: errors, consecutiveGatewayErrors: gatewayErrors } = detection;
  const { consecutiveLocalOriginFailures: failures, splitExternalLocalOriginErrors: split } = detection;
  return {
    outlierDetection: {
      enforcingSuccessRate: 0,
      ...(errors === undefined ? {} : { consecutive5xx: errors, enforcingConsecutive5xx: enforced(errors) }),
      ...(gatewayErrors === undefined
        ? {}
        : { consecutiveGatewayFailure: gatewayErrors, enforcingConsecutiveGatewayFailure: enforced(gatewayErrors) }),
      ...(detection.intervalMs === undefined ? {} : { interval: duration(detection.intervalMs) }),
      ...(detection.baseEjectionTimeMs === undefined
        ? {}
        : { baseEjectionTime: duration(detection.baseEjectionTimeMs) }),
      ...(detection.maxEjectionPercent === undefined ? {} : { maxEjectionPercent: detection.maxEjectionPercent }),
      ...(split ? { splitExternalLocalOriginErrors: true, enforcingLocalOriginSuccessRate: 0 } : {}),
      ...(split && failures
        ? { consecutiveLocalOriginFailure: failures, enforcingConsecutiveLocalOriginFailure: 100 }
        : {}),
    },
  };
}
