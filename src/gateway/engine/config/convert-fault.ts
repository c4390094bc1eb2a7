// A route's own configuration of the fault filter.
import type { HTTPFault } from '../../../xds/generated/envoy/extensions/filters/http/fault/v3/fault_pb.ts';
import { shareOf } from './convert-share.ts';
import { durationMs } from './duration-ms.ts';
import type { Fault } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const faultFields = new Set(['delay', 'abort']);

export function convertFault(config: HTTPFault, findings: Findings): Fault {
  warnUnhandledFields(config, faultFields, findings);
  return { ...convertDelay(config, findings), ...convertAbort(config, findings) };
}

function convertDelay({ delay }: HTTPFault, findings: Findings): Pick<Fault, 'delay'> {
  if (delay === undefined) return {};
  const { faultDelaySecifier: kind } = delay;
  if (kind.case === 'fixedDelay') {
    const ms = durationMs(kind.value, 0);
    if (ms <= 0) findings.constraint('FaultDelay', 'FixedDelay', 'value must be greater than 0s');
    return { delay: { ms, share: shareOf(delay.percentage) } };
  }
  if (kind.case === undefined) findings.required('FaultDelay', 'fault_delay_secifier');
  else findings.warn('header_delay is not supported by the embedded engine: it has no effect');
  return {};
}

function convertAbort({ abort }: HTTPFault, findings: Findings): Pick<Fault, 'abort'> {
  if (abort === undefined) return {};
  const { errorType } = abort;
  const share = shareOf(abort.percentage);
  if (errorType.case === 'httpStatus') {
    if (errorType.value < 200 || errorType.value >= 600)
      findings.constraint('FaultAbort', 'HttpStatus', 'value must be inside range [200, 600)');
    return { abort: { status: errorType.value, grpcStatus: undefined, share } };
  }
  if (errorType.case === 'grpcStatus') return { abort: { status: 200, grpcStatus: errorType.value, share } };
  if (errorType.case === undefined) findings.required('FaultAbort', 'error_type');
  else findings.warn('header_abort is not supported by the embedded engine: it has no effect');
  return {};
}
