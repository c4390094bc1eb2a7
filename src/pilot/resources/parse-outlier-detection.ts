// The outlierDetection of a traffic policy: unknown -> OutlierDetection.
import type { OutlierDetection } from './destination-rule.ts';
import { booleanField, durationField, integerField, integersField } from './fields.ts';
import { type Message, reportInvalid } from './message.ts';

const uint32 = 2 ** 32 - 1;

export function parseOutlierDetection(message: Message): OutlierDetection {
  const splitExternalLocalOriginErrors = booleanField(message, 'splitExternalLocalOriginErrors') ?? false;
  const consecutiveLocalOriginFailures = integerField(message, 'consecutiveLocalOriginFailures', 0, uint32);
  if (consecutiveLocalOriginFailures !== undefined && !splitExternalLocalOriginErrors)
    reportInvalid(
      message.context,
      [...message.path, 'consecutiveLocalOriginFailures'],
      'stands without splitExternalLocalOriginErrors',
      'It has no effect: connections that fail count as 5xx.',
      'Set splitExternalLocalOriginErrors to true.',
    );
  return {
    consecutive5xxErrors: integerField(message, 'consecutive5xxErrors', 0, uint32),
    consecutiveGatewayErrors: integerField(message, 'consecutiveGatewayErrors', 0, uint32),
    consecutiveLocalOriginFailures,
    splitExternalLocalOriginErrors,
    intervalMs: durationField(message, 'interval'),
    baseEjectionTimeMs: durationField(message, 'baseEjectionTime'),
    maxEjectionPercent: integerField(message, 'maxEjectionPercent', 0, 100) || undefined,
    minHealthPercent: integerField(message, 'minHealthPercent', 0, 100) ?? 0,
    httpErrorCodes: integersField(message, 'outlierDetectionHttpErrorCodes', 100, 599),
  };
}
