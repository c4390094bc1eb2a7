// How long the whole answer to a request may take: the route's timeout, or what a gRPC client says itself.
import type { ForwardAction, RetryPolicy } from '../config/engine-config.ts';
import { getHeader, type HeaderList, isGrpcContentType } from '../http/header-list.ts';

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** `100m`, `5S`: gRPC's HTTP/2 mapping. Undefined: absent or not valid. */
export function parseGrpcTimeout(value: string | undefined): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value ?? '');
  return match ? Math.ceil(Number(match[1]) * (unitMs[match[2] ?? ''] ?? 0)) : undefined;
}

/** Milliseconds; 0 for none. Where the route lets gRPC clients decide, its own timeout does not count for them. */
export function requestTimeoutMs(headers: HeaderList, action: ForwardAction): number {
  const longest = action.maxGrpcTimeoutMs;
  if (longest === undefined || !isGrpcContentType(getHeader(headers, 'content-type'))) return action.timeoutMs;
  const wanted = parseGrpcTimeout(getHeader(headers, 'grpc-timeout')) ?? 0;
  return longest > 0 && (wanted === 0 || wanted > longest) ? longest : wanted;
}

/** Milliseconds that one try may take; 0 for none, also where the whole answer may not take longer. */
export function tryTimeoutMs(policy: RetryPolicy | undefined, timeoutMs: number): number {
  const ms = policy?.perTryTimeoutMs ?? 0;
  return timeoutMs > 0 && ms >= timeoutMs ? 0 : ms;
}

const units = [
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
] as const;

/** As gRPC writes it: at most eight digits, in the finest unit that they are enough for. */
export function grpcTimeout(ms: number): string {
  const [unit, length] = units.find(([, size]) => ms / size < 1e8) ?? ['H', 3_600_000];
  return `${Math.floor(ms / length)}${unit}`;
}
