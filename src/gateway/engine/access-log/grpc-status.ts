// The gRPC status of a finished request, as the access log shows it.
import type { RequestInfo } from '../config/request-info.ts';

const camelNames = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...['PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented'],
  ...['Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];

const snakeNames = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
];

export const grpcStatusFormats = ['CAMEL_STRING', 'SNAKE_STRING', 'NUMBER'] as const;
export type GrpcStatusFormat = (typeof grpcStatusFormats)[number];

/** Where an answer has no grpc-status of its own (google.rpc's mapping). */
const statusOfHttp: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

const unknown = 2;

/** Of any request, whether it is gRPC or not. */
export function grpcStatus(info: RequestInfo): number | undefined {
  const status = info.responseTrailer('grpc-status') ?? info.responseHeader('grpc-status');
  // Envoy's -1 is a status that is there and is no number.
  if (status !== undefined) return /^\d{1,9}$/.test(status) ? Number(status) : -1;
  return info.responseCode === 0 ? undefined : (statusOfHttp[info.responseCode] ?? unknown);
}

export function formatGrpcStatus(info: RequestInfo, format: GrpcStatusFormat): string | number | undefined {
  const isGrpc = /^application\/grpc($|[+;])/.test(info.requestHeader('content-type') ?? '');
  const status = isGrpc ? grpcStatus(info) : undefined;
  if (status === undefined || format === 'NUMBER') return status;
  return (format === 'CAMEL_STRING' ? camelNames : snakeNames)[status] ?? String(status);
}
