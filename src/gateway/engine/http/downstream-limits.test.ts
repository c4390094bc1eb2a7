// How long clients may take: connections and requests that overstay get Envoy's answers, or end.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DownstreamLimits } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
  cluster,
  downstreamLimits,
  engineConfig,
  exchangeBytes,
  filterChain,
  forwardRoute,
  httpBackend,
  httpManager,
  listener,
  type RunningEngine,
  routeTable,
  runEngine,
  until,
} from '../engine-fixture.ts';

const { keep } = cleanUpAfterEach();
const format = { kind: 'text', template: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n' } as const;
const accessLogs = [{ path: '/dev/stdout', format, conditions: [] }];

async function runWith(limits: Partial<DownstreamLimits>): Promise<RunningEngine> {
  const backend = keep(
    await httpBackend((request, response) => void request.resume().on('end', () => response.end('ok'))),
  );
  const silent = keep(await httpBackend((request) => void request.resume()));
  const manager = httpManager({ accessLogs, limits: { ...downstreamLimits, ...limits } });
  return keep(
    await runEngine(
      engineConfig({
        listeners: [listener([filterChain(manager)])],
        routes: [routeTable([forwardRoute('/silent', 'silent'), forwardRoute('/', 'echo')])],
        clusters: [cluster('echo', [backend.port]), cluster('silent', [silent.port])],
      }),
    ),
  );
}

const head = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: a.example.com\r\n${more}\r\n`;
const bodyOf = (received: string): string => received.slice(received.lastIndexOf('\r\n\r\n') + 4);

describe('limits of clients', () => {
  it('end a connection without requests', async () => {
    const engine = await runWith({ idleTimeoutMs: 50 });
    assert.match(await exchangeBytes(engine.port(), head('/')), /^HTTP\/1.1 200 .*ok$/s);
    assert.equal(await exchangeBytes(engine.port(), ''), '');
  });

  it('end a connection that is there for too long, after the request that it has', async () => {
    const engine = await runWith({ maxConnectionDurationMs: 100 });
    assert.match(await exchangeBytes(engine.port(), head('/')), /^HTTP\/1.1 200 .*ok$/s);
  });

  it('answer a request whose head does not come', async () => {
    const engine = await runWith({ requestHeadersTimeoutMs: 60 });
    const received = await exchangeBytes(engine.port(), 'GET / HTTP/1.1\r\nhost: a');
    assert.match(received, /^HTTP\/1.1 408 Request Timeout\r\n/);
    assert.equal(bodyOf(received), 'request header timeout');
    assert.deepEqual(engine.lines, ['408 - request_header_timeout']);
  });

  it('leave alone a connection that waits for its next request', async () => {
    const engine = await runWith({ requestHeadersTimeoutMs: 40, idleTimeoutMs: 400 });
    const received = await exchangeBytes(engine.port(), head('/'));
    assert.equal(received.split('HTTP/1.1').length, 2);
    assert.match(received, /^HTTP\/1.1 200 /);
  });

  it('answer a request whose body does not come', async () => {
    const engine = await runWith({ requestTimeoutMs: 60 });
    const received = await exchangeBytes(engine.port(), head('/', 'content-length: 5\r\n'));
    assert.match(received, /^HTTP\/1.1 408 Request Timeout\r\n/);
    assert.equal(bodyOf(received), 'request timeout');
    await until(() => engine.lines.length > 0);
    assert.deepEqual(engine.lines, ['408 - request_overall_timeout']);
  });

  it('answer a request that takes too long', async () => {
    const engine = await runWith({ maxStreamDurationMs: 60 });
    const received = await exchangeBytes(engine.port(), head('/silent'), (text) => text.includes('timeout'));
    assert.match(received, /^HTTP\/1.1 504 Gateway Timeout\r\n/);
    assert.equal(bodyOf(received), 'downstream duration timeout');
    await until(() => engine.lines.length > 0);
    assert.deepEqual(engine.lines, ['504 DT max_duration_timeout']);
  });
});
