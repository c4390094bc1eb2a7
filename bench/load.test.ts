import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseWrk } from './load.ts';

const summary = `Running 1s test @ http://127.0.0.1:20080/
  1 threads and 32 connections
  Latency Distribution
     50%  612.00us
     99%    1.50ms
  35104 requests in 1.00s, 7.06MB read
  Socket errors: connect 0, read 1, write 0, timeout 2
  Non-2xx or 3xx responses: 4
Requests/sec:  35012.34
Transfer/sec:      7.04MB
`;

describe('the summary of wrk', () => {
  it('gives rate, 99th percentile in milliseconds and all errors', () => {
    assert.deepEqual(parseWrk(summary), { requestsPerSecond: 35012.34, p99Ms: 1.5, errors: 7 });
  });
  it('is refused when it is something else', () => {
    assert.throws(() => parseWrk('unable to connect'), /wrk said: unable/);
  });
});
