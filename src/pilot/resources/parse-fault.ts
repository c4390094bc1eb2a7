// The fault of an http rule: unknown -> HttpFault. One that cannot be read is no fault: the rule forwards as without it.
import { durationField, integerField, messageField, numberField, reportMissing, stringField } from './fields.ts';
import { type Message, reportInvalid, shorten } from './message.ts';
import { bodilessStatuses } from './parse-direct-response.ts';
import type { FaultAbort, FaultDelay, HttpFault, RequestShare } from './virtual-service.ts';
import { faultAbortFields, faultDelayFields, percentFields } from './virtual-service-fields.ts';

const NO_FAULT = 'Requests are served without this fault.';

export function parseFault(message: Message): HttpFault | undefined {
  const delay = messageField(message, 'delay', faultDelayFields, parseDelay);
  const abort = messageField(message, 'abort', faultAbortFields, parseAbort);
  if (delay === undefined && abort === undefined) {
    if (message.broken.size === 0)
      reportInvalid(message.context, message.path, 'has neither delay nor abort', NO_FAULT, 'Give it one of them.');
    return undefined;
  }
  return { delay, abort };
}

function parseDelay(message: Message): FaultDelay | undefined {
  const ms = durationField(message, 'fixedDelay');
  const percentage = messageField(message, 'percentage', percentFields, parsePercentage);
  const percent = integerField(message, 'percent', 0, 100);
  if (ms === undefined) reportMissing(message, 'fixedDelay', NO_FAULT, 'Say how long to wait, such as 2s.');
  if (ms === undefined || message.broken.size > 0) return undefined;
  // Where nothing is said of it, no request is delayed, as in Istio.
  return { ms, share: percentage ?? { numerator: percent ?? 0, denominator: 'HUNDRED' } };
}

/** The names of google.rpc.Code, by number. */
const grpcStatuses = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
];

function parseAbort(message: Message): FaultAbort | undefined {
  const httpStatus = integerField(message, 'httpStatus', 200, 599);
  const name = stringField(message, 'grpcStatus') || undefined;
  const share = messageField(message, 'percentage', percentFields, parsePercentage);
  if (message.broken.size > 0) return undefined;
  if ((httpStatus === undefined) === (name === undefined)) {
    const what =
      name === undefined ? 'has neither httpStatus nor grpcStatus' : 'has httpStatus and grpcStatus together';
    reportInvalid(message.context, message.path, what, NO_FAULT, 'Give it one of them.');
    return undefined;
  }
  if (httpStatus !== undefined && bodilessStatuses.has(httpStatus)) {
    const what = `is ${httpStatus}, whose answers have no body: Envoy sends one, which breaks the connection`;
    reportInvalid(message.context, [...message.path, 'httpStatus'], what, NO_FAULT, 'Use another status.');
    return undefined;
  }
  if (httpStatus !== undefined) return { kind: 'http', status: httpStatus, share };
  const status = grpcStatuses.indexOf(name ?? '');
  if (status >= 0) return { kind: 'grpc', status, share };
  const what = `is ${shorten(name ?? '')}, which is no status of gRPC`;
  reportInvalid(message.context, [...message.path, 'grpcStatus'], what, NO_FAULT, 'Use a name such as UNAVAILABLE.');
  return undefined;
}

/** Ten-thousandths of a per cent are as fine as Envoy's shares go. */
export function parsePercentage(message: Message): RequestShare | undefined {
  const value = numberField(message, 'value', 0, 100) ?? 0;
  if (message.broken.size > 0) return undefined;
  return { numerator: Math.trunc(value * 10_000), denominator: 'MILLION' };
}
