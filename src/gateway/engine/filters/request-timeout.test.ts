// Whose clock counts for a request: the route's or the gRPC client's own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ForwardAction } from '../config/engine-config.ts';
import { grpcTimeout, parseGrpcTimeout, requestTimeoutMs } from './request-timeout.ts';

const action = (fields: Partial<ForwardAction>): ForwardAction => ({
  kind: 'forward',
  clusters: { entries: [], totalWeight: 0 },
  timeoutMs: 0,
  retry: undefined,
  ...fields,
});
const grpc = (timeout?: string) => ['content-type', 'application/grpc', ...(timeout ? ['grpc-timeout', timeout] : [])];

describe('a timeout for gRPC servers', () => {
  it('has eight digits at most', () => {
    assert.deepEqual([1, 99_999_999, 100_000_000, 1e11].map(grpcTimeout), ['1m', '99999999m', '100000S', '1666666M']);
  });
});

describe('requestTimeoutMs', () => {
  it('reads the units of grpc-timeout and nothing else', () => {
    assert.deepEqual(['1H', '2M', '3S', '4m', '5u', '6n'].map(parseGrpcTimeout), [3_600_000, 120_000, 3000, 4, 1, 1]);
    for (const text of ['', '1', 'S', '-1S', '1.5S', '123456789m', '1s'])
      assert.equal(parseGrpcTimeout(text), undefined);
  });

  it('lets a gRPC client decide where the route allows it, up to the longest allowed', () => {
    assert.equal(requestTimeoutMs(grpc('300m'), action({ timeoutMs: 5000, maxGrpcTimeoutMs: 0 })), 300);
    assert.equal(requestTimeoutMs(grpc(), action({ timeoutMs: 5000, maxGrpcTimeoutMs: 0 })), 0);
    assert.equal(requestTimeoutMs(grpc('9S'), action({ maxGrpcTimeoutMs: 1000 })), 1000);
    assert.equal(requestTimeoutMs(grpc(), action({ maxGrpcTimeoutMs: 1000 })), 1000);
  });

  it('is the route’s for everybody else', () => {
    assert.equal(requestTimeoutMs(['grpc-timeout', '1S'], action({ timeoutMs: 5000, maxGrpcTimeoutMs: 0 })), 5000);
    assert.equal(requestTimeoutMs(grpc('1S'), action({ timeoutMs: 5000 })), 5000);
  });
});
