// When Envoy's router tries a request again, and how long it waits before it does.
import type { RetryPolicy } from '../config/engine-config.ts';
import { getHeader, type HeaderList } from '../http/header-list.ts';
import type { ResetReason } from '../upstream/upstream-stream.ts';

const grpcStatusByCondition: Readonly<Record<string, string>> = {
  cancelled: '1',
  'deadline-exceeded': '4',
  internal: '13',
  'resource-exhausted': '8',
  unavailable: '14',
};

const connectFailures: ReadonlySet<ResetReason> = new Set(['remote connection failure', 'connection timeout']);

export function retriesReset(policy: RetryPolicy, reason: ResetReason): boolean {
  // More of the same would not help a cluster that is at its limits.
  if (reason === 'overflow') return false;
  return policy.retryOn.some((condition) => {
    switch (condition) {
      case '5xx':
      case 'gateway-error':
      case 'reset':
        return true;
      case 'connect-failure':
      case 'reset-before-request':
        return connectFailures.has(reason);
      case 'refused-stream':
        return reason === 'remote refused stream reset';
      default:
        return false;
    }
  });
}

/** `headers` of the answer; a gRPC status counts only in a trailers-only answer, where it is among them. */
export function retriesResponse(policy: RetryPolicy, status: number, headers: HeaderList): boolean {
  const grpcStatus = getHeader(headers, 'grpc-status');
  return policy.retryOn.some((condition) => {
    switch (condition) {
      case '5xx':
        return status >= 500 && status < 600;
      case 'gateway-error':
        return status >= 502 && status <= 504;
      case 'retriable-4xx':
        return status === 409;
      case 'envoy-ratelimited':
        return getHeader(headers, 'x-envoy-ratelimited') !== undefined;
      case 'retriable-status-codes':
        return policy.retriableStatusCodes.includes(status);
      default:
        return grpcStatus !== undefined && grpcStatusByCondition[condition] === grpcStatus;
    }
  });
}

/** Exponential with full jitter. `retry` counts from 1. */
export function retryBackOffMs({ backOff }: RetryPolicy, retry: number, random: () => number): number {
  return Math.floor(random() * Math.min(backOff.maxMs, backOff.baseMs * 2 ** Math.min(retry - 1, 30)));
}

const timeoutConditions = new Set(['5xx', 'gateway-error', 'reset']);

/** A try that took too long. */
export const retriesTimeout = ({ retryOn }: RetryPolicy): boolean =>
  retryOn.some((condition) => timeoutConditions.has(condition));
