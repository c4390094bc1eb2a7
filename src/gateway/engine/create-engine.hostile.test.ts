// Clients and endpoints that mean harm, or just break: the engine answers everybody else as if they were not there.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http2 from 'node:http2';
import net from 'node:net';
import { describe, it } from 'node:test';
import { issueTestCertificate } from '../secrets/certificate.fixture.ts';
import {
  type Backend,
  cleanUpAfterEach,
  cluster,
  engineConfig,
  filterChain,
  forwardRoute,
  get,
  httpBackend,
  httpManager,
  listen,
  listener,
  type RunningEngine,
  routeTable,
  runEngine,
  until,
} from './engine-fixture.ts';

const { cleanups, keep } = cleanUpAfterEach();

const tlsPort = '0.0.0.0_443';
const tcpPort = '0.0.0.0_3306';

async function serve(backend: Backend): Promise<RunningEngine> {
  const pair = await issueTestCertificate('a.example.com');
  const secretName = 'kubernetes://a';
  const tls = {
    certificates: [secretName],
    alpnProtocols: ['h2', 'http/1.1'],
    minVersion: undefined,
    maxVersion: undefined,
    cipherSuites: [],
    ecdhCurves: [],
    clientCertificate: 'none' as const,
    validation: undefined,
  };
  const tcp = {
    kind: 'tcp',
    statPrefix: 'tcp',
    clusters: { entries: [{ cluster: 'echo', weight: 1 }], totalWeight: 1 },
    idleTimeoutMs: 0,
    accessLogs: [],
  } as const;
  return keep(
    await runEngine(
      engineConfig({
        listeners: [
          listener([filterChain(httpManager())]),
          listener([filterChain(httpManager(), { tls })], { name: tlsPort, listenerFiltersTimeoutMs: 500 }),
          listener([filterChain(tcp)], { name: tcpPort }),
        ],
        routes: [routeTable([forwardRoute('/', 'echo')])],
        clusters: [cluster('echo', [backend.port])],
        secrets: [
          {
            name: secretName,
            version: '1',
            kind: 'certificate',
            certificateChain: pair.certificate,
            privateKey: pair.key,
            trustedCa: '',
            crl: '',
          },
        ],
      }),
    ),
  );
}

const okBackend = async (): Promise<Backend> =>
  keep(await httpBackend((request, response) => void request.resume().on('end', () => response.end('ok'))));

function connect(port: number, count: number): net.Socket[] {
  const sockets = Array.from({ length: count }, () => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    return socket;
  });
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

const assertServes = async (running: RunningEngine): Promise<void> =>
  assert.equal((await get(running.port(), '/')).body, 'ok');

/** Bytes that look random and are the same in every run. */
function noise(seed: number, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${seed}/${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

describe('createEngine, attacked', () => {
  it('serves next to two thousand connections that never finish a head', async () => {
    const running = await serve(await okBackend());
    const sockets = connect(running.port(), 2000);
    let connected = 0;
    for (const socket of sockets)
      socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\nx', () => connected++));
    await until(() => connected === sockets.length);
    await assertServes(running);
  });

  it('survives noise on every port', async () => {
    const running = await serve(await okBackend());
    const starts = [
      '',
      'GET / HTTP/1.1\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ];
    let closed = 0;
    let opened = 0;
    for (const name of ['0.0.0.0_80', tlsPort, tcpPort])
      for (const [i, start] of starts.entries())
        for (const socket of connect(running.port(name), 10)) {
          const seed = opened++;
          socket.on('connect', () =>
            socket.end(Buffer.concat([Buffer.from(start, 'latin1'), noise(seed + i, 300 + seed)])),
          );
          socket.on('close', () => closed++);
          socket.resume();
        }
    await until(() => closed === opened);
    await assertServes(running);
  });

  it('survives clients and endpoints that break off anywhere', async () => {
    let requests = 0;
    const backend = keep(
      await httpBackend((request, response) => {
        const what = request.url === '/' ? 9 : requests++ % 5;
        if (what === 0) request.socket.resetAndDestroy();
        else if (what === 1)
          response.writeHead(200, { 'content-length': '100' }).write('x', () => request.socket.resetAndDestroy());
        else if (what === 2) response.write(Buffer.alloc(300_000));
        else if (what === 3) request.socket.end();
        else request.resume().on('end', () => response.end('ok'));
      }),
    );
    const running = await serve(backend);
    let closed = 0;
    const sockets = connect(running.port(), 200);
    sockets.forEach((socket, i) => {
      socket.on('connect', () => {
        socket.write(`POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'y'.repeat(i * 700)}`);
        setTimeout(() => (i % 2 ? socket.resetAndDestroy() : socket.destroy()), i % 50);
      });
      socket.on('close', () => closed++);
      socket.resume();
    });
    await until(() => closed === sockets.length);
    await assertServes(running);
  });

  it('holds little for an HTTP/2 client that opens many streams and reads none', async () => {
    let written = 0;
    const backend = keep(
      await httpBackend((request, response) => {
        if (request.url === '/') {
          response.end('ok');
          return;
        }
        const pump = (): void => {
          do written += 65536;
          while (written < 2 ** 31 && response.write(Buffer.alloc(65536)));
        };
        response.on('drain', pump);
        pump();
      }),
    );
    const running = await serve(backend);
    const session = http2.connect(`http://127.0.0.1:${running.port()}`, { settings: { initialWindowSize: 1000 } });
    cleanups.push(async () => session.destroy());
    for (let i = 0; i < 50; i++) {
      const stream = session.request({ ':path': '/endless', ':authority': 'a' });
      stream.on('error', () => {});
      stream.pause();
    }
    // All stand still when two looks find the same.
    let before = -1;
    let same = 0;
    await until(() => {
      same = written === before && written > 0 ? same + 1 : 0;
      before = written;
      return same > 40;
    });
    assert.ok(written / 50 < 8 * 1024 * 1024, `${written / 50} bytes per stream`);
    await assertServes(running);
  });

  it('lets no request slip in behind another one', async () => {
    const seen: string[] = [];
    const backend = keep(
      await listen(
        net.createServer((socket) =>
          socket.on('data', (data) => {
            seen.push(data.toString('latin1'));
            socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
          }),
        ),
      ),
    );
    const running = await serve(backend);
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    const heads = [
      `Content-Length: ${smuggled.length}\r\nTransfer-Encoding: chunked`,
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
      'Transfer-Encoding: xchunked',
      'Transfer-Encoding : chunked',
      'Transfer-Encoding: chunked, identity',
      'Content-Length: 1, 1',
      'Content-Length: 0x10',
      ' Content-Length: 5',
      'X: a\rContent-Length: 5',
    ];
    for (const head of heads) {
      const [socket] = connect(running.port(), 1);
      let received = '';
      socket!.on('data', (chunk) => {
        received += chunk;
      });
      socket!.write(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n0\r\n\r\n${smuggled}`);
      await until(() => received.includes('\r\n\r\n') || socket!.destroyed);
      assert.match(received, /^HTTP\/1\.1 400 /, head);
      socket!.destroy();
    }
    assert.deepEqual(seen, []);
  });
});
