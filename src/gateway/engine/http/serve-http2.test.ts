// HTTP/2 from clients: streams, trailers, resets and limits, with real sessions.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, before, describe, it } from 'node:test';
import {
  type Backend,
  cluster,
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

let backend: Backend;
let running: RunningEngine;
let session: http2.ClientHttp2Session;
/** Requests the backend has begun to read. */
let started = 0;

before(async () => {
  backend = await httpBackend(async (request, response) => {
    started++;
    let body = '';
    for await (const chunk of request) body += chunk;
    response.end(JSON.stringify({ headers: request.rawHeaders, body, url: request.url }));
  });
  running = await runEngine(
    engineConfig({
      listeners: [listener([filterChain(httpManager())])],
      routes: [routeTable([forwardRoute('/', 'echo')], ['a.example.com'])],
      clusters: [cluster('echo', [backend.port])],
    }),
  );
  session = http2.connect(`http://127.0.0.1:${running.port()}`);
});

after(async () => {
  session.destroy();
  await running.stop();
  await backend.stop();
});

interface Http2Answer {
  headers: http2.IncomingHttpHeaders;
  body: string;
  rstCode: number | undefined;
}

function request(headers: http2.OutgoingHttpHeaders, body?: string): Promise<Http2Answer> {
  return new Promise((resolve) => {
    const authority = headers.host ? {} : { ':authority': 'a.example.com' };
    const stream = session.request({ ':path': '/', ...authority, ...headers });
    const answer: Http2Answer = { headers: {}, body: '', rstCode: undefined };
    stream.on('error', () => {});
    stream.on('response', (received) => {
      answer.headers = received;
    });
    stream.on('data', (chunk) => {
      answer.body += chunk;
    });
    stream.on('close', () => {
      answer.rstCode = stream.rstCode;
      resolve(answer);
    });
    stream.end(body);
  });
}

describe('serveHttp2', () => {
  it('serves prior knowledge on a plaintext port, next to HTTP/1.1', async () => {
    const answer = await request({ ':method': 'POST', ':path': '/x?y' }, 'abc');
    assert.equal(answer.headers[':status'], 200);
    assert.equal(answer.headers.server, 'istio-envoy');
    const seen = JSON.parse(answer.body);
    assert.equal(seen.body, 'abc');
    assert.equal(seen.url, '/x?y');
    assert.deepEqual(seen.headers.slice(0, 2), ['host', 'a.example.com']);
    const plain = await exchangeBytes(
      running.port(),
      'GET / HTTP/1.1\r\nHost: a.example.com\r\nConnection: close\r\n\r\n',
    );
    assert.match(plain, /^HTTP\/1\.1 200/);
  });

  it('takes Host for a missing authority and joins the crumbs of a cookie', async () => {
    const answer = await request({ host: 'a.example.com', cookie: ['a=1', 'b=2'] });
    assert.equal(answer.headers[':status'], 200);
    const { headers } = JSON.parse(answer.body);
    assert.equal(headers[headers.indexOf('cookie') + 1], 'a=1; b=2');
  });

  it('answers for itself without a content-length where there is no body', async () => {
    const answer = await request({ ':authority': 'b.example.com' });
    assert.equal(answer.headers[':status'], 404);
    assert.equal(answer.headers['content-length'], undefined);
  });

  it('resets streams whose headers are too many or too large with INTERNAL_ERROR', async () => {
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`x-many-${i}`, 'v']));
    assert.equal((await request(many)).rstCode, http2.constants.NGHTTP2_INTERNAL_ERROR);
    const big = await request({ 'x-big': 'x'.repeat(61 * 1024) });
    assert.equal(big.rstCode, http2.constants.NGHTTP2_INTERNAL_ERROR);
    assert.equal((await request({})).headers[':status'], 200);
  });

  it('carries many requests at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => request({ ':method': 'PUT' }, `body ${i}`)),
    );
    answers.forEach((answer, i) => {
      assert.equal(JSON.parse(answer.body).body, `body ${i}`);
    });
  });

  it('says goodbye before it stops, and lets streams end', async () => {
    const leaving = http2.connect(`http://127.0.0.1:${running.port()}`);
    const stream = leaving.request({ ':method': 'POST', ':path': '/', ':authority': 'a.example.com' });
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    const before = started;
    stream.write('first');
    await until(() => started > before);
    const drained = running.engine.drain(3000);
    // Node's client closes its session when it is told to go away.
    await until(() => leaving.closed);
    stream.end(' second');
    await new Promise((resolve) => stream.on('close', resolve));
    assert.equal(JSON.parse(body).body, 'first second');
    await drained;
  });
});
