// TLS handshakes with the certificates of a filter chain, with real clients.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import net from 'node:net';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import { issueTestCertificate, type TestCertificate } from '../../secrets/certificate.fixture.ts';
import type { DownstreamTls, SecretConfig } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
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
import { diagnoseCertificates } from './diagnose-certificates.ts';

const { cleanups, keep } = cleanUpAfterEach();

function secret(name: string, pair: TestCertificate, version = '1'): SecretConfig {
  return {
    name,
    version,
    kind: 'certificate',
    certificateChain: pair.certificate,
    privateKey: pair.key,
    trustedCa: '',
    crl: '',
  };
}

function chainFor(host: string, secretName: string, overrides: Partial<DownstreamTls> = {}) {
  return filterChain(httpManager(), {
    name: host,
    match: { serverNames: [host], transportProtocol: 'tls', applicationProtocols: [] },
    tls: {
      certificates: [secretName],
      alpnProtocols: ['h2', 'http/1.1'],
      minVersion: undefined,
      maxVersion: undefined,
      cipherSuites: [],
      ecdhCurves: [],
      clientCertificate: 'none',
      validation: undefined,
      ...overrides,
    },
  });
}

const format = {
  kind: 'text',
  template: '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %REQUESTED_SERVER_NAME%\n',
} as const;

async function configFor(secrets: readonly SecretConfig[]) {
  const backend = keep(await httpBackend((request, response) => response.end(request.headers['x-forwarded-proto'])));
  const chains = [chainFor('a.example.com', 'kubernetes://a'), chainFor('*.wild.example.com', 'kubernetes://wild')];
  return (changed: readonly SecretConfig[] = secrets) =>
    engineConfig({
      listeners: [listener(chains, { accessLogs: [{ path: '/dev/stdout', format, conditions: [] }] })],
      routes: [routeTable([forwardRoute('/', 'echo')])],
      clusters: [cluster('echo', [backend.port])],
      secrets: changed,
    });
}

interface Handshake {
  readonly outcome: 'ok' | 'closed';
  readonly subject: string | undefined;
  readonly alpn: string | false | null;
  readonly socket: tls.TLSSocket;
}

function handshake(running: RunningEngine, options: tls.ConnectionOptions): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port: running.port(), rejectUnauthorized: false, ...options });
    cleanups.push(async () => void socket.destroy());
    const settle = (outcome: Handshake['outcome']) => (): void => {
      const subject = socket.getPeerCertificate()?.subject?.CN;
      resolve({
        outcome,
        subject: typeof subject === 'string' ? subject : undefined,
        alpn: socket.alpnProtocol,
        socket,
      });
    };
    socket.once('secureConnect', settle('ok'));
    socket.once('error', settle('closed'));
    socket.once('close', settle('closed'));
  });
}

function talk(socket: tls.TLSSocket, request: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
      if (/\r\n\r\nhttps$/.test(received)) resolve(received);
    });
    socket.on('close', () => resolve(received));
    socket.write(request);
  });
}
const getRequest = 'GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n';

describe('acceptTls', () => {
  it('chooses the certificate by server name, and the protocol by ALPN', async () => {
    const a = await issueTestCertificate('a.example.com');
    const wild = await issueTestCertificate('wild.example.com');
    const config = await configFor([secret('kubernetes://a', a), secret('kubernetes://wild', wild)]);
    const running = keep(await runEngine(config()));
    const first = await handshake(running, { servername: 'A.example.com', ALPNProtocols: ['http/1.1'] });
    assert.deepEqual([first.outcome, first.subject, first.alpn], ['ok', 'a.example.com', 'http/1.1']);
    assert.match(await talk(first.socket, getRequest), /^HTTP\/1\.1 200/);
    const second = await handshake(running, { servername: 'x.y.wild.example.com' });
    assert.deepEqual([second.outcome, second.subject, second.alpn], ['ok', 'wild.example.com', false]);
    assert.match(await talk(second.socket, getRequest), /^HTTP\/1\.1 200/);
    const unknown = await handshake(running, { servername: 'a.example.com', ALPNProtocols: ['foo'] });
    assert.deepEqual([unknown.outcome, unknown.alpn], ['ok', false]);
  });

  it('serves HTTP/2 over TLS', async () => {
    const a = await issueTestCertificate('a.example.com');
    const running = keep(await runEngine((await configFor([secret('kubernetes://a', a)]))()));
    const session = http2.connect(`https://127.0.0.1:${running.port()}`, {
      servername: 'a.example.com',
      rejectUnauthorized: false,
    });
    cleanups.push(async () => session.destroy());
    const stream = session.request({ ':path': '/', ':authority': 'a.example.com' });
    let body = '';
    stream.on('data', (chunk) => {
      body += chunk;
    });
    await new Promise((resolve) => stream.on('close', resolve));
    assert.equal(body, 'https');
  });

  it('closes without an alert and logs the name where no filter chain matches', async () => {
    const a = await issueTestCertificate('a.example.com');
    const running = keep(await runEngine((await configFor([secret('kubernetes://a', a)]))()));
    for (const servername of ['b.example.org', '']) {
      let bytes = 0;
      const raw = net.connect(running.port(), '127.0.0.1');
      raw.on('data', (chunk) => {
        bytes += chunk.length;
      });
      const client = tls.connect({ socket: raw, servername, rejectUnauthorized: false });
      await new Promise((resolve) => client.on('error', resolve).on('close', resolve));
      assert.equal(bytes, 0);
    }
    await until(() => running.lines.length === 2);
    assert.deepEqual(running.lines, ['0 NR filter_chain_not_found b.example.org', '0 NR filter_chain_not_found -']);
  });

  it('closes plain text, garbage and silence on a TLS port without a byte', async () => {
    const a = await issueTestCertificate('a.example.com');
    const config = (await configFor([secret('kubernetes://a', a)]))();
    const [base] = config.listeners.values();
    const only = { ...base!, filterChains: [chainFor('*', 'kubernetes://a')], listenerFiltersTimeoutMs: 50 };
    const chain = {
      ...only.filterChains[0]!,
      match: { ...only.filterChains[0]!.match, serverNames: [], transportProtocol: '' as const },
    };
    const running = keep(
      await runEngine({ ...config, listeners: new Map([[only.name, { ...only, filterChains: [chain] }]]) }),
    );
    assert.equal(await exchangeBytes(running.port(), getRequest), '');
    assert.equal(await exchangeBytes(running.port(), Buffer.from([22, 3, 1, 0, 5, 9, 9, 9, 9, 9])), '');
    assert.equal(await exchangeBytes(running.port(), Buffer.from([22, 3, 1, 2, 0, 1])), '');
    assert.equal((await handshake(running, { servername: 'any.example.com' })).outcome, 'ok');
  });

  it('takes a new certificate for new connections and lets the others be', async () => {
    const before = await issueTestCertificate('before.example.com');
    const after = await issueTestCertificate('after.example.com');
    const config = await configFor([secret('kubernetes://a', before)]);
    const running = keep(await runEngine(config()));
    const old = await handshake(running, { servername: 'a.example.com' });
    running.engine.apply(config([secret('kubernetes://a', after, '2')]));
    assert.equal((await handshake(running, { servername: 'a.example.com' })).subject, 'after.example.com');
    assert.match(await talk(old.socket, getRequest), /^HTTP\/1\.1 200/);
  });

  it('lets a missing or wrong certificate cost only its own chain', async () => {
    const a = await issueTestCertificate('a.example.com');
    const other = await issueTestCertificate('other.example.com');
    const mixed = secret('kubernetes://wild', { certificate: a.certificate, key: other.key });
    const good = secret('kubernetes://a', a);
    const config = await configFor([good]);
    const running = keep(await runEngine(config()));
    for (const [secrets, code] of [
      [[good], 'TG0015'],
      [[good, mixed], 'TG0013'],
    ] as const) {
      running.engine.apply(config(secrets));
      assert.equal((await handshake(running, { servername: 'x.wild.example.com' })).outcome, 'closed');
      assert.equal((await handshake(running, { servername: 'a.example.com' })).outcome, 'ok');
      const [diagnostic, ...others] = diagnoseCertificates(config(secrets), new Date());
      assert.equal(diagnostic?.code, code);
      assert.match(diagnostic?.message ?? '', /\*\.wild\.example\.com on 0\.0\.0\.0_80/);
      assert.equal(others.length, 0);
    }
  });

  it('refuses versions below the minimum', async () => {
    const a = await issueTestCertificate('a.example.com');
    const config = (await configFor([secret('kubernetes://a', a)]))();
    const [base] = config.listeners.values();
    const strict = { ...base!, filterChains: [chainFor('a.example.com', 'kubernetes://a', { minVersion: 'TLSv1.3' })] };
    const running = keep(await runEngine({ ...config, listeners: new Map([[strict.name, strict]]) }));
    assert.equal((await handshake(running, { servername: 'a.example.com', maxVersion: 'TLSv1.2' })).outcome, 'closed');
    assert.equal((await handshake(running, { servername: 'a.example.com' })).outcome, 'ok');
  });
});
