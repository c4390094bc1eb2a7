// When hosts of a cluster that fail get no requests for a while.
import type { OutlierDetection as EnvoyOutlierDetection } from '../../../xds/generated/envoy/config/cluster/v3/outlier_detection_pb.ts';
import { durationMs } from './duration-ms.ts';
import type { OutlierCheck, OutlierDetection } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const statistical = new Set([
  ...['successRateMinimumHosts', 'successRateRequestVolume', 'successRateStdevFactor', 'failurePercentageThreshold'],
  ...['failurePercentageMinimumHosts', 'failurePercentageRequestVolume', 'enforcingSuccessRate'],
  ...['enforcingLocalOriginSuccessRate', 'enforcingFailurePercentage', 'enforcingFailurePercentageLocalOrigin'],
]);
const fields = new Set([
  ...['consecutive5xx', 'enforcingConsecutive5xx', 'consecutiveGatewayFailure', 'enforcingConsecutiveGatewayFailure'],
  ...['consecutiveLocalOriginFailure', 'enforcingConsecutiveLocalOriginFailure', 'splitExternalLocalOriginErrors'],
  ...['interval', 'baseEjectionTime', 'maxEjectionTime', 'maxEjectionTimeJitter', 'maxEjectionPercent'],
  ...['alwaysEjectOneHost', ...statistical],
]);

export function convertOutlierDetection(
  detection: EnvoyOutlierDetection | undefined,
  findings: Findings,
): OutlierDetection | undefined {
  if (detection === undefined) return undefined;
  const inside = findings.within('Cluster', 'OutlierDetection');
  warnUnhandledFields(detection, fields, inside);
  const usesStatistics =
    (detection.enforcingSuccessRate ?? 100) > 0 ||
    (detection.enforcingFailurePercentage ?? 0) > 0 ||
    (detection.splitExternalLocalOriginErrors &&
      ((detection.enforcingLocalOriginSuccessRate ?? 100) > 0 ||
        (detection.enforcingFailurePercentageLocalOrigin ?? 0) > 0));
  if (usesStatistics)
    inside.warn('success rates and failure percentages are not supported by the embedded engine: they eject nobody');
  const check = (
    name: string,
    threshold: number | undefined,
    enforcing: number | undefined,
    usual: number,
  ): OutlierCheck => {
    const percent = enforcing ?? usual;
    if (percent > 100) inside.constraint('OutlierDetection', name, 'value must be less than or equal to 100');
    return { threshold: threshold ?? 5, enforcedShare: percent / 100 };
  };
  if ((detection.maxEjectionPercent ?? 0) > 100)
    inside.constraint('OutlierDetection', 'MaxEjectionPercent', 'value must be less than or equal to 100');
  const positive = (name: string, ms: number): number => {
    if (ms <= 0) inside.constraint('OutlierDetection', name, 'value must be greater than 0s');
    return ms;
  };
  return {
    consecutive5xx: check('EnforcingConsecutive5xx', detection.consecutive5xx, detection.enforcingConsecutive5xx, 100),
    consecutiveGatewayFailure: check(
      'EnforcingConsecutiveGatewayFailure',
      detection.consecutiveGatewayFailure,
      detection.enforcingConsecutiveGatewayFailure,
      0,
    ),
    consecutiveLocalOriginFailure: check(
      'EnforcingConsecutiveLocalOriginFailure',
      detection.consecutiveLocalOriginFailure,
      detection.enforcingConsecutiveLocalOriginFailure,
      100,
    ),
    splitsLocalOrigin: detection.splitExternalLocalOriginErrors,
    intervalMs: positive('Interval', durationMs(detection.interval, 10_000)),
    baseEjectionTimeMs: positive('BaseEjectionTime', durationMs(detection.baseEjectionTime, 30_000)),
    maxEjectionTimeMs: positive('MaxEjectionTime', durationMs(detection.maxEjectionTime, 300_000)),
    ejectionJitterMs: durationMs(detection.maxEjectionTimeJitter, 0),
    maxEjectionPercent: detection.maxEjectionPercent ?? 10,
    alwaysEjectsOne: detection.alwaysEjectOneHost ?? false,
  };
}
