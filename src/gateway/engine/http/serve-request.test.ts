// One request from its head to its answer: header rules, local replies and refusals.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type Backend,
  cluster,
  engineConfig,
  exchangeBytes,
  filterChain,
  forwardRoute,
  get,
  httpBackend,
  httpManager,
  listener,
  type RunningEngine,
  routeTable,
  runEngine,
} from '../engine-fixture.ts';

let backend: Backend;
let running: RunningEngine;
let port: number;
/** Requests the backend had at the same time. */
let atOnce = 0;
let mostAtOnce = 0;
const format = { kind: 'text', template: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n' } as const;

before(async () => {
  backend = await httpBackend((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, rawHeaders, rawTrailers } = request;
      const body = Buffer.concat(chunks).toString();
      response.setHeader('Content-Type', 'application/json');
      if (url === '/trailers') {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('abc');
        response.addTrailers({ 'x-sum': '6' });
        response.end();
        return;
      }
      if (url?.startsWith('/status/')) response.statusCode = Number(url.slice(8));
      response.setHeader('X-Envoy-Upstream-Service-Time', '5');
      response.setHeader('server', 'nginx');
      if (url === '/slow') {
        mostAtOnce = Math.max(mostAtOnce, ++atOnce);
        setTimeout(() => {
          atOnce--;
          response.end('slow');
        }, 2);
        return;
      }
      const text = JSON.stringify({ method, url, rawHeaders, rawTrailers, body });
      if (response.statusCode !== 204 && response.statusCode !== 304) response.setHeader('content-length', text.length);
      response.end(text);
    });
  });
  running = await runEngine(
    engineConfig({
      listeners: [
        listener([filterChain(httpManager({ accessLogs: [{ path: '/dev/stdout', format, conditions: [] }] }))]),
      ],
      routes: [
        routeTable(
          [
            forwardRoute('/direct', 'echo', {
              action: { kind: 'direct', status: 200, body: Buffer.from('hi') },
            }),
            forwardRoute('/missing', 'nowhere'),
            forwardRoute('/', 'echo'),
          ],
          ['a.example.com'],
        ),
      ],
      clusters: [cluster('echo', [backend.port])],
    }),
  );
  port = running.port();
});

after(async () => {
  await running.stop();
  await backend.stop();
});

const host = { Host: 'a.example.com' };

async function seenHeaders(headers: Record<string, string | string[]>): Promise<Record<string, string>> {
  const answer = await get(port, '/', { headers: { ...host, ...headers } });
  const { rawHeaders } = JSON.parse(answer.body);
  const seen: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) seen[rawHeaders[i]] = rawHeaders[i + 1];
  return seen;
}

const raw = (text: string): Promise<string> => exchangeBytes(port, text);
const statusOf = (received: string): string => received.slice(9, 12);

describe('serveRequest', () => {
  it('tells endpoints who asked, and drops what only the gateway may say', async () => {
    const seen = await seenHeaders({
      'X-Forwarded-For': ['1.2.3.4', '5.6.7.8'],
      'X-Forwarded-Proto': 'https',
      'X-Request-Id': 'mine',
      'x-envoy-internal': 'true',
      'x-envoy-retry-on': '5xx',
      'x-envoy-attempt-count': '9',
      'x-envoy-external-address': '9.9.9.9',
      'x-envoy-peer-metadata': 'kept',
      'x-forwarded-client-cert': 'By=x',
      'X-Real-Ip': '2.2.2.2',
      under_score: '1',
    });
    assert.match(seen['x-forwarded-for'] ?? '', /^1\.2\.3\.4,5\.6\.7\.8,[\d.]+$/);
    assert.match(seen['x-request-id'] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(seen['x-envoy-external-address'], '127.0.0.1');
    const { 'x-forwarded-for': _f, 'x-request-id': _r, 'x-envoy-external-address': _e, ...rest } = seen;
    assert.deepEqual(rest, {
      host: 'a.example.com',
      'x-envoy-peer-metadata': 'kept',
      'x-real-ip': '2.2.2.2',
      under_score: '1',
      'x-forwarded-proto': 'http',
      'x-envoy-attempt-count': '1',
    });
  });

  it('keeps headers of one hop to itself', async () => {
    const received = await raw(
      'GET / HTTP/1.1\r\nHost: a.example.com\r\nConnection: x-drop, close\r\nx-drop: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\n\r\n',
    );
    assert.match(received, /\r\nconnection: close\r\n/);
    const { rawHeaders } = JSON.parse(received.slice(received.indexOf('{'), received.lastIndexOf('}') + 1));
    const names = rawHeaders.filter((_: string, i: number) => i % 2 === 0);
    assert.ok(names.includes('te') && names.includes('proxy-authorization'));
    for (const name of ['x-drop', 'keep-alive', 'connection', 'proxy-connection'])
      assert.ok(!names.includes(name), name);
  });

  it('puts its own headers on answers and no connection header', async () => {
    const answer = await get(port, '/', { headers: host });
    assert.equal(answer.headers.server, 'istio-envoy');
    assert.match(String(answer.headers['x-envoy-upstream-service-time']), /^\d+$/);
    assert.ok(answer.headers.date);
    const received = await exchangeBytes(port, 'GET /direct HTTP/1.1\r\nHost: a.example.com\r\n\r\n', (text) =>
      text.endsWith('hi'),
    );
    assert.match(
      received,
      /^HTTP\/1\.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text\/plain\r\ndate: [^\r]+\r\nserver: istio-envoy\r\n\r\nhi$/,
    );
  });

  it('answers 404 without a body where no host or path matches, and 503 where the cluster is unknown', async () => {
    const unknown = await get(port, '/', { headers: { Host: 'b.example.com' } });
    assert.equal(unknown.status, 404);
    assert.equal(unknown.headers['content-length'], '0');
    assert.equal(unknown.headers['content-type'], undefined);
    const missing = await get(port, '/missing', { headers: host });
    assert.equal(missing.status, 503);
    assert.equal(missing.body, '');
  });

  it('passes bodies, chunked ones with trailers', async () => {
    const sized = await get(port, '/', { method: 'POST', headers: host }, 'hello');
    assert.equal(JSON.parse(sized.body).body, 'hello');
    const received = await exchangeBytes(
      port,
      'POST / HTTP/1.1\r\nHost: a.example.com\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n',
      (text) => text.includes('}'),
    );
    assert.match(received, /"body":"abc"/);
    assert.match(received, /"rawTrailers":\["x-sum","6"\]/);
    const trailing = await get(port, '/trailers', { headers: host });
    assert.equal(trailing.body, 'abc');
    assert.deepEqual({ ...trailing.trailers }, { 'x-sum': '6' });
  });

  it('answers requests that come in one packet in their order', async () => {
    const one = 'GET /status/201 HTTP/1.1\r\nHost: a.example.com\r\n\r\n';
    const two = 'GET /status/202 HTTP/1.1\r\nHost: a.example.com\r\nConnection: close\r\n\r\n';
    const received = await raw(one + two);
    assert.deepEqual(
      [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
      ['201', '202'],
    );
  });

  it('does not begin a request before the one in front of it is answered', async () => {
    const requests = 'GET /slow HTTP/1.1\r\nHost: a.example.com\r\n\r\n'.repeat(50);
    const last = 'GET / HTTP/1.1\r\nHost: a.example.com\r\nConnection: close\r\n\r\n';
    mostAtOnce = 0;
    const received = await raw(requests + last);
    assert.equal([...received.matchAll(/HTTP\/1\.1 200/g)].length, 51);
    assert.equal(mostAtOnce, 1);
  });

  it('answers a body that breaks the protocol, and nothing after the last answer', async () => {
    const chunked = 'POST / HTTP/1.1\r\nHost: a.example.com\r\nTransfer-Encoding: chunked\r\n\r\n';
    assert.match(await exchangeBytes(port, `${chunked}zz\r\n`, (text) => text.endsWith('Request')), /^HTTP\/1\.1 400 /);
    const afterwards = 'GET /status/201 HTTP/1.1\r\nHost: a.example.com\r\n\r\n';
    const refused = await raw(`GET /a#b HTTP/1.1\r\nHost: a.example.com\r\n\r\n${afterwards}`);
    assert.equal([...refused.matchAll(/HTTP\/1\.1/g)].length, 1);
  });

  it('passes HEAD, 204, 304 and unusual statuses', async () => {
    const head = await get(port, '/', { method: 'HEAD', headers: host });
    assert.ok(Number(head.headers['content-length']) > 10);
    assert.equal(head.body, '');
    for (const status of [204, 304, 299, 600]) {
      const answer = await get(port, `/status/${status}`, { headers: host });
      assert.equal(answer.status, status);
    }
  });

  it('lets a client wait for 100 Continue', async () => {
    const received = await exchangeBytes(
      port,
      'POST / HTTP/1.1\r\nHost: a.example.com\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n',
      (text) => text.startsWith('HTTP/1.1 100 Continue'),
    );
    assert.match(received, /^HTTP\/1\.1 100 Continue\r\n\r\n/);
  });

  it('refuses what Envoy refuses, in its words', async () => {
    const head = 'Host: a.example.com\r\n';
    const cases: [string, string][] = [
      ['hello\r\n\r\n', '400'],
      [`post / HTTP/1.1\r\n${head}\r\n`, '400'],
      [`GET / HTTP/1.0\r\n${head}\r\n`, '426'],
      ['GET / HTTP/1.1\r\n\r\n', '400'],
      [`POST / HTTP/1.1\r\n${head}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, '400'],
      [`POST / HTTP/1.1\r\n${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, '400'],
      [`POST / HTTP/1.1\r\n${head}Content-Length: -1\r\n\r\n`, '400'],
      ['GET / HTTP/1.1\r\nHost: a/b.example.com\r\n\r\n', '400'],
      ['GET / HTTP/1.1\r\nHost: a.example.com?\r\n\r\n', '400'],
      [`GET /a#b HTTP/1.1\r\n${head}\r\n`, '400'],
      [`GET /%00 HTTP/1.1\r\n${head}\r\n`, '400'],
      [`GET https://a.example.com/ HTTP/1.1\r\n${head}\r\n`, '403'],
      [`GET / HTTP/1.1\r\n${head}Connection: upgrade\r\nUpgrade: foo\r\n\r\n`, '403'],
      [`CONNECT a.example.com:443 HTTP/1.1\r\n${head}\r\n`, '404'],
      [`GET / HTTP/1.1\r\n${head}x: ${'a'.repeat(61 * 1024)}\r\n\r\n`, '431'],
      [`GET / HTTP/1.1\r\n${head}${'x: y\r\n'.repeat(120)}\r\n`, '431'],
    ];
    for (const [request, status] of cases) {
      const received = await exchangeBytes(port, request, (text) => text.includes('\r\n\r\n'));
      assert.equal(statusOf(received), status, request.slice(0, 80));
      assert.match(received, /\r\nconnection: close\r\n/, request.slice(0, 80));
    }
    const refused = await exchangeBytes(port, 'x\r\n\r\n', (text) => text.endsWith('Request'));
    assert.match(refused, /\r\n\r\nBad Request$/);
  });

  it('prefers the authority of an absolute target, and ignores the h2c upgrade', async () => {
    const absolute = await raw('GET http://a.example.com/x?y HTTP/1.1\r\nHost: zz\r\nConnection: close\r\n\r\n');
    assert.match(absolute, /"url":"\/x\?y".*"host","a\.example\.com"/);
    const upgrade = await raw(
      'GET / HTTP/1.1\r\nHost: a.example.com\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
    );
    assert.equal(statusOf(upgrade), '200');
  });

  it('closes when the answer comes before the whole request', async () => {
    const received = await raw('POST /missing HTTP/1.1\r\nHost: a.example.com\r\nContent-Length: 100\r\n\r\npart');
    assert.match(received, /^HTTP\/1\.1 503 .*\r\nconnection: close\r\n/s);
  });

  it('logs every request once, with flags and details', async () => {
    running.lines.length = 0;
    await get(port, '/', { headers: host });
    await get(port, '/', { headers: { Host: 'b' } });
    await get(port, '/missing', { headers: host });
    await get(port, '/direct', { headers: host });
    await exchangeBytes(port, 'garbage\r\n\r\n', (text) => text.includes('Bad'));
    assert.deepEqual(running.lines, [
      '200 - via_upstream',
      '404 NR route_not_found',
      '503 NC cluster_not_found',
      '200 - direct_response',
      '400 DPE http1.codec_error',
    ]);
  });
});
