// What a try says of its host to outlier detection, as Envoy's router reports it.
import type { HostResult } from '../cluster/outlier-detector.ts';
import { getHeader, type HeaderList } from '../http/header-list.ts';
import type { UpstreamReset } from '../upstream/upstream-stream.ts';

/** Envoy's mapping (source/common/grpc/status.cc), by number. */
const httpStatusOfGrpc = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** Of a gRPC call the status counts where it comes with the head; one in trailers comes too late. */
export function responseResult(status: number, headers: HeaderList, endStream: boolean, isGrpc: boolean): HostResult {
  if (!isGrpc || !endStream) return { kind: 'response', status };
  const grpcStatus = getHeader(headers, 'grpc-status');
  const mapped = grpcStatus === undefined ? undefined : (httpStatusOfGrpc[Number(grpcStatus)] ?? 500);
  return { kind: 'response', status: mapped ?? status };
}

/** Undefined where it is not the host's doing: a limit of the cluster says nothing about it. */
export const resetResult = ({ reason }: UpstreamReset): HostResult | undefined =>
  reason === 'overflow' ? undefined : { kind: 'connect failed' };
