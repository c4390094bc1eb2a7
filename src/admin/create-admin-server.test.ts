// The admin server over real HTTP: what it shows, to whom, and what it refuses.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLogger } from '../lib/logger.ts';
import { TidegateError } from '../lib/tidegate-error.ts';
import { type AdminServer, createAdminServer } from './create-admin-server.ts';
import { metricsEndpoints } from './handle-request.ts';
import type { AdminViews, ConfigDumpView } from './views.ts';

const dump: ConfigDumpView = {
  CDS: [{ name: 'c', version: '1', resource: { name: 'c' } }],
  EDS: [],
  LDS: [],
  RDS: [],
  SDS: [],
};

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

describe('the admin server', () => {
  const subscribers = new Set<(line: string) => void>();
  const resynced: string[] = [];
  const full: AdminViews = {
    version: '9.9.9',
    role: 'up',
    startedAt: Date.now(),
    isReady: () => false,
    diagnostics: () => [{ severity: 'error', code: 'TG0016', message: 'bad.', remedy: 'Mend it.' }],
    proxies: () => [],
    intended: (proxy) => (proxy === 'p' ? dump : undefined),
    resync: (proxy) => {
      resynced.push(proxy);
      return proxy === 'p';
    },
    actual: (proxy) =>
      proxy === 'broken' ? Promise.reject(new Error('no socket')) : Promise.resolve(proxy === 'p' ? dump : undefined),
    ports: () => Promise.resolve([]),
    accessLog: {
      recent: () => ['one 404', 'two 200', 'three 404'],
      subscribe: (listener) => {
        subscribers.add(listener);
        return () => subscribers.delete(listener);
      },
    },
    stats: () => ({ proxies: 2 }),
    statistics: async (parameters, format) =>
      parameters.get('filter') === '('
        ? { kind: 'invalid', error: 'bad filter', hint: 'RE2' }
        : { kind: 'answer', contentType: 'text/plain', body: `${format ?? 'a.b: 1'} ${parameters}` },
  };
  let server: AdminServer;
  let port = 0;

  const start = async (views: AdminViews): Promise<void> => {
    server = createAdminServer(views, silentLogger);
    port = Number((await server.listen('127.0.0.1', 0)).split(':').at(-1));
  };

  const send = (method: string, path: string, headers: http.OutgoingHttpHeaders = {}, body = ''): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
        );
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });

  beforeEach(() => start(full));
  afterEach(() => server.close());

  it('tells health, readiness, version and statistics', async () => {
    assert.equal((await send('GET', '/healthz')).status, 200);
    assert.equal((await send('GET', '/ready')).status, 503);
    assert.deepEqual(JSON.parse((await send('GET', '/version')).body), { version: '9.9.9', role: 'up' });
    assert.equal(JSON.parse((await send('GET', '/debug/diagnostics')).body)[0].code, 'TG0016');
  });

  it('shows what the data plane has counted, and the numbers of the process to Prometheus', async () => {
    const text = await send('GET', '/stats?filter=a');
    assert.deepEqual([text.status, text.headers['content-type'], text.body], [200, 'text/plain', 'a.b: 1 filter=a']);
    const scraped = await send('GET', '/stats/prometheus');
    assert.match(
      scraped.body,
      /^# TYPE tidegate_uptime_seconds gauge\ntidegate_uptime_seconds \d+\n# TYPE tidegate_proxies gauge\ntidegate_proxies 2\nprometheus $/,
    );
    const refused = await send('GET', '/stats?filter=(');
    assert.deepEqual([refused.status, JSON.parse(refused.body)], [400, { error: 'bad filter', hint: 'RE2' }]);
    assert.equal((await send('GET', '/stats/prometheus?filter=(')).status, 400);
  });

  it('shows the numbers of a process without a data plane', async () => {
    await server.close();
    const { statistics: _none, ...pilot } = full;
    await start(pilot);
    assert.match((await send('GET', '/stats')).body, /^tidegate_uptime_seconds \d+\ntidegate_proxies 2\n$/);
    assert.match((await send('GET', '/stats/prometheus')).body, /\ntidegate_proxies 2\n$/);
  });

  it('shows nothing but statistics where only those are to be scraped', async () => {
    await server.close();
    server = createAdminServer(full, silentLogger, metricsEndpoints);
    port = Number((await server.listen('127.0.0.1', 0)).split(':').at(-1));
    assert.equal((await send('GET', '/stats/prometheus')).status, 200);
    for (const path of ['/stats', '/debug/config_dump', '/logs', '/debug/diagnostics'])
      assert.equal((await send('GET', path)).status, 404, path);
  });

  it('answers HEAD without a body', async () => {
    const answer = await send('HEAD', '/version');
    assert.equal(answer.status, 200);
    assert.equal(answer.body, '');
  });

  it('dumps intended and actual configuration, and selects types', async () => {
    assert.deepEqual(JSON.parse((await send('GET', '/debug/config_dump?proxy=p&view=intended')).body), dump);
    assert.deepEqual(JSON.parse((await send('GET', '/debug/config_dump?proxy=p&types=cds,RDS')).body), {
      CDS: dump.CDS,
      RDS: [],
    });
  });

  it('says what is wrong with a request for a dump', async () => {
    const statuses = [
      'view=intended',
      'proxy=q&view=intended',
      'proxy=q',
      'proxy=p&view=other',
      'proxy=p&types=XDS',
      'proxy=p&types=__proto__',
    ];
    const answers = await Promise.all(statuses.map((query) => send('GET', `/debug/config_dump?${query}`)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [400, 404, 404, 400, 400, 400],
    );
  });

  it('answers 500 when a view fails, and goes on', async () => {
    const answer = await send('GET', '/debug/config_dump?proxy=broken');
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [500, { error: 'no socket' }]);
    assert.equal((await send('GET', '/healthz')).status, 200);
  });

  it('resyncs only with the header that another origin cannot send', async () => {
    resynced.length = 0;
    assert.equal((await send('POST', '/debug/resync?proxy=p')).status, 403);
    assert.deepEqual(resynced, []);
    assert.equal((await send('POST', '/debug/resync?proxy=p', { 'x-tidegate': '1' })).status, 200);
    assert.equal((await send('POST', '/debug/resync?proxy=q', { 'x-tidegate': '1' })).status, 404);
    assert.equal((await send('POST', '/debug/resync', { 'x-tidegate': '1' })).status, 400);
    assert.deepEqual(resynced, ['p', 'q']);
  });

  it('refuses names that are not loopback, however a page came here', async () => {
    for (const host of ['evil.example.com', 'evil.example.com:15080', '10.0.0.1', '127.0.0.1.evil.example']) {
      assert.equal((await send('GET', '/debug/syncz', { host })).status, 403, host);
    }
    for (const host of ['localhost', `127.0.0.1:${port}`, 'LOCALHOST:1', '[::1]:80']) {
      assert.equal((await send('GET', '/debug/syncz', { host })).status, 200, host);
    }
  });

  it('grants no other origin anything', async () => {
    const answer = await send('GET', '/version', { origin: 'http://evil.example.com' });
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.equal((await send('OPTIONS', '/version', { origin: 'http://evil.example.com' })).status, 405);
  });

  it('takes only the method a path has', async () => {
    assert.equal((await send('GET', '/debug/resync?proxy=p')).status, 405);
    assert.equal((await send('POST', '/version', { 'x-tidegate': '1' })).headers.allow, 'GET, HEAD');
    assert.equal((await send('DELETE', '/version')).status, 405);
  });

  it('answers 404 to other paths, names of objects included', async () => {
    for (const path of ['/', '/nothing', '/__proto__', '/constructor', '//', '/debug/../etc/passwd']) {
      assert.equal((await send('GET', path)).status, 404, path);
    }
  });

  it('ends a connection that sends a body without end', async () => {
    const socket = net.connect(port, '127.0.0.1');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.resume();
    socket.write('POST /debug/resync?proxy=p HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n');
    const flood = (): void => void (socket.destroyed || socket.write('x'.repeat(65_536), () => setImmediate(flood)));
    flood();
    await closed;
    assert.equal((await send('GET', '/healthz')).status, 200);
  });

  it('prints recent log lines, filtered', async () => {
    assert.equal((await send('GET', '/logs')).body, 'one 404\ntwo 200\nthree 404\n');
    assert.equal((await send('GET', '/logs?filter=404&tail=1')).body, 'three 404\n');
    assert.equal((await send('GET', '/logs?filter=404&filter=one')).body, 'one 404\n');
    assert.equal((await send('GET', '/logs?tail=0')).body, '');
    assert.equal((await send('GET', '/logs?tail=many')).status, 400);
  });

  it('follows the log until the reader goes', async () => {
    const lines = await new Promise<string>((resolve, reject) => {
      let text = '';
      const request = http.get(
        { host: '127.0.0.1', port, path: '/logs?follow=1&tail=1&filter=404', agent: false },
        (response) => {
          for (const subscriber of subscribers) for (const line of ['new 200', 'new 404']) subscriber(line);
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
            if (!text.includes('new 404')) return;
            response.destroy();
            resolve(text);
          });
        },
      );
      request.on('error', reject);
    });
    assert.equal(lines, 'three 404\nnew 404\n');
    for (const deadline = Date.now() + 5000; subscribers.size > 0 && Date.now() < deadline; )
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(subscribers.size, 0);
  });

  it('drops a reader that does not read', async () => {
    await new Promise<void>((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port, path: '/logs?follow=1', agent: false }, (response) => {
        response.pause();
        const flood = (): void => {
          for (const subscriber of subscribers) for (let i = 0; i < 100; i += 1) subscriber('x'.repeat(10_000));
          if (subscribers.size > 0) setImmediate(flood);
          else resolve();
        };
        flood();
      });
      request.on('error', reject);
    });
  });

  it('says which process has what this one has not', async () => {
    await server.close();
    await start({
      version: '1',
      role: 'pilot',
      startedAt: 0,
      isReady: () => true,
      diagnostics: () => [],
      stats: () => ({}),
    });
    for (const path of ['/debug/syncz', '/debug/ports', '/logs', '/debug/config_dump?proxy=p']) {
      const answer = await send('GET', path);
      assert.equal(answer.status, 404, path);
      assert.match(JSON.parse(answer.body).error, /^this pilot process does not have /);
    }
  });

  it('names an address in use and what to do', async () => {
    const second = createAdminServer(full, silentLogger);
    await assert.rejects(second.listen('127.0.0.1', port), (error) => {
      assert.ok(error instanceof TidegateError);
      assert.equal(error.code, 'address-in-use');
      assert.equal(error.message, `the admin address 127.0.0.1:${port} is in use`);
      assert.match(error.hint!, /--admin 0/);
      return true;
    });
  });
});
