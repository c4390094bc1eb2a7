// Which hosts are ejected, for how long, and when they are let in again.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { OutlierDetection } from '../config/engine-config.ts';
import { createOutlierDetector, type HostResult } from './outlier-detector.ts';

const config: OutlierDetection = {
  consecutive5xx: { threshold: 3, enforcedShare: 1 },
  consecutiveGatewayFailure: { threshold: 5, enforcedShare: 0 },
  consecutiveLocalOriginFailure: { threshold: 2, enforcedShare: 1 },
  splitsLocalOrigin: false,
  intervalMs: 1000,
  baseEjectionTimeMs: 5000,
  maxEjectionTimeMs: 300_000,
  ejectionJitterMs: 0,
  maxEjectionPercent: 100,
  alwaysEjectsOne: false,
};

function detect(t: TestContext, hosts: readonly string[], changes: Partial<OutlierDetection> = {}) {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  let notified = 0;
  const detector = createOutlierDetector({
    config: { ...config, ...changes },
    onChange: () => notified++,
    random: () => 0.5,
    now: Date.now,
  });
  detector.setHosts(hosts);
  t.after(() => detector.close());
  const send = (host: string, ...results: (number | HostResult['kind'])[]) => {
    for (const result of results)
      detector.report(
        host,
        typeof result === 'number' ? { kind: 'response', status: result } : ({ kind: result } as HostResult),
      );
  };
  return { send, ejected: () => [...detector.ejected()], notified: () => notified, detector };
}

describe('a host is ejected', () => {
  test('after so many errors in a row', (t) => {
    const { send, ejected, notified } = detect(t, ['a', 'b']);
    send('a', 500, 501, 200, 500, 500);
    assert.deepEqual(ejected(), []);
    send('a', 599);
    assert.deepEqual(ejected(), ['a']);
    assert.equal(notified(), 1);
  });

  test('for connections that fail and time out, as for 5xx', (t) => {
    const { send, ejected } = detect(t, ['a']);
    send('a', 'connected', 'connect failed', 'connected', 'timeout', 500);
    assert.deepEqual(ejected(), ['a']);
  });

  test('for gateway errors alone, where they are enforced', (t) => {
    const { send, ejected } = detect(t, ['a'], {
      consecutive5xx: { threshold: 0, enforcedShare: 0 },
      consecutiveGatewayFailure: { threshold: 2, enforcedShare: 1 },
    });
    send('a', 500, 500, 500, 503, 500, 503);
    assert.deepEqual(ejected(), []);
    send('a', 504);
    assert.deepEqual(ejected(), ['a']);
  });

  test('for local errors alone, where they count apart', (t) => {
    const { send, ejected } = detect(t, ['a', 'b'], { splitsLocalOrigin: true });
    send('a', 'connect failed', 'connected', 'connect failed', 500, 500);
    assert.deepEqual(ejected(), []);
    send('a', 'timeout');
    assert.deepEqual(ejected(), ['a']);
    send('b', 500, 500, 500);
    assert.deepEqual(ejected(), ['a', 'b']);
  });

  test('for what the error matcher says, and nothing else', (t) => {
    const { send, ejected } = detect(t, ['a', 'b'], { isError: (status) => status === 429 });
    send('a', 500, 500, 500, 500);
    send('b', 429, 429, 429);
    assert.deepEqual(ejected(), ['b']);
  });

  test('as often as it is enforced', (t) => {
    const { send, ejected } = detect(t, ['a'], { consecutive5xx: { threshold: 1, enforcedShare: 0.4 } });
    send('a', 500, 500);
    assert.deepEqual(ejected(), []);
  });
});

describe('so many hosts are ejected', () => {
  test('as the percentage allows', (t) => {
    const { send, ejected } = detect(t, ['a', 'b', 'c'], { maxEjectionPercent: 50 });
    send('a', 500, 500, 500);
    send('b', 500, 500, 500);
    assert.deepEqual(ejected(), ['a']);
  });

  test('none, where one would be too many', (t) => {
    const { send, ejected } = detect(t, ['a', 'b'], { maxEjectionPercent: 10 });
    send('a', 500, 500, 500);
    assert.deepEqual(ejected(), []);
  });

  test('but one, where that is asked for', (t) => {
    const { send, ejected } = detect(t, ['a', 'b'], { maxEjectionPercent: 10, alwaysEjectsOne: true });
    for (const host of ['a', 'b']) send(host, 500, 500, 500);
    assert.deepEqual(ejected(), ['a']);
  });
});

describe('an ejected host', () => {
  test('is let in again, each time later', (t) => {
    const { send, ejected, notified } = detect(t, ['a']);
    send('a', 500, 500, 500);
    t.mock.timers.tick(4000);
    assert.deepEqual(ejected(), ['a']);
    t.mock.timers.tick(1000);
    assert.deepEqual(ejected(), []);
    assert.equal(notified(), 2);
    send('a', 500, 500);
    assert.deepEqual(ejected(), []);
    send('a', 500);
    t.mock.timers.tick(9000);
    assert.deepEqual(ejected(), ['a']);
    t.mock.timers.tick(1000);
    assert.deepEqual(ejected(), []);
  });

  test('is forgotten with its cluster membership', (t) => {
    const { send, ejected, detector } = detect(t, ['a', 'b']);
    send('a', 500, 500, 500);
    detector.setHosts(['b']);
    assert.deepEqual(ejected(), []);
    send('a', 500, 500, 500);
    assert.deepEqual(ejected(), []);
  });
});
