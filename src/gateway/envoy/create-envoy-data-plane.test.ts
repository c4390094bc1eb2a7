// Real Envoy under our wrapper: it starts, survives, gives way, takes over, and never stays behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { fileCertificateName } from '../../xds/resource-names.ts';
import { issueTestCertificate, mountLikeKubernetes } from '../secrets/certificate.fixture.ts';
import {
  certificateFolder,
  createGateway,
  envoyBinary,
  fetchText,
  freePort,
  skipWithoutEnvoy,
  until,
} from './envoy.fixture.ts';

const skip = skipWithoutEnvoy;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

for (const xdsProtocol of ['delta', 'sotw'] as const) {
  test(`serves what pilot sends, with its logs and dumps (${xdsProtocol})`, { skip }, async (t) => {
    const lines: string[] = [];
    const { envoy, pilot } = await createGateway(t, { xdsProtocol, accessLogOutput: (line) => lines.push(line) });
    const port = await freePort();
    await envoy.start();
    assert.equal(envoy.isReady(), false);
    pilot.serve({ '0.0.0.0_80': { port, route: { direct: 'first' } } });
    await envoy.ready();
    assert.equal(envoy.isReady(), true);
    assert.equal(await fetchText(port, '/hello'), 'first');
    await until('access log', () => lines.length > 0);
    assert.deepEqual(lines, ['/hello 200']);
    assert.deepEqual(envoy.accessLog.recent(), ['/hello 200']);
    assert.deepEqual(await envoy.listeners(), [
      { name: '0.0.0.0_80', address: '127.0.0.1', port, state: 'listening', error: undefined },
    ]);
    pilot.serve({ '0.0.0.0_80': { port, route: { direct: 'second' } } });
    await until('new answer', async () => (await fetchText(port)) === 'second');
    const dump = await envoy.configDump();
    assert.deepEqual(
      dump.LDS.map(({ name }) => name),
      ['0.0.0.0_80'],
    );
    assert.equal((dump.LDS[0]!.resource as { enableReusePort?: unknown }).enableReusePort, false);
    assert.deepEqual(pilot.rejections, []);
    assert.deepEqual(envoy.diagnostics(), []);
    assert.equal(pilot.server.proxies()[0]?.protocol, xdsProtocol === 'delta' ? 'delta' : 'SotW');
  });
}

test('opens the admin server for reading only', { skip }, async (t) => {
  const { envoy } = await createGateway(t);
  await envoy.start();
  assert.match((await envoy.envoyAdmin('/server_info'))?.body ?? '', /1\.40\.0/);
  assert.match((await envoy.envoyAdmin('/stats/prometheus'))?.body ?? '', /envoy_/);
  for (const closed of [
    '/quitquitquit',
    '/drain_listeners?graceful',
    '/runtime_modify',
    '/',
    '/stats/../quitquitquit',
    '/config_dump/x',
  ]) {
    assert.equal(await envoy.envoyAdmin(closed), undefined, closed);
  }
});

test('starts Envoy again when it dies, and serves the same', { skip }, async (t) => {
  const { envoy, pilot, log } = await createGateway(t);
  const port = await freePort();
  pilot.serve({ l: { port, route: { direct: 'ok' } } });
  await envoy.start();
  await envoy.ready();
  const first = envoy.pid() ?? 0;
  process.kill(first, 'SIGKILL');
  await until('TG0022', () => envoy.diagnostics().some(({ code }) => code === 'TG0022'));
  assert.equal(envoy.isReady(), false);
  await until('a new Envoy serves', async () => envoy.isReady() && (await fetchText(port)) === 'ok');
  assert.notEqual(envoy.pid(), first);
  assert.deepEqual(envoy.diagnostics(), []);
  assert.ok(log.some((line) => line.startsWith('error Envoy stopped')));
});

test('lets a request in flight end before it stops, and takes no new one', { skip }, async (t) => {
  const { envoy, pilot } = await createGateway(t);
  const port = await freePort();
  let answer: (() => void) | undefined;
  const backend = http.createServer((_request, response) => {
    response.write('begin ');
    answer = () => void response.end('end');
  });
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  t.after(() => backend.close());
  pilot.serve({ l: { port, route: 'upstream' } }, (backend.address() as net.AddressInfo).port);
  await envoy.start();
  await envoy.ready();
  const request = fetchText(port);
  await until('the request is at the backend', () => answer !== undefined);
  const pid = envoy.pid() ?? 0;
  const drained = envoy.drain(20_000);
  await until('the port is closed', async () => {
    const socket = net.connect(port, '127.0.0.1');
    const refused = await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(false)).once('error', () => resolve(true)),
    );
    socket.destroy();
    return refused;
  });
  assert.ok(isAlive(pid));
  answer?.();
  assert.equal(await request, 'begin end');
  await drained;
  assert.equal(isAlive(pid), false);
  assert.equal(envoy.isReady(), false);
});

test('does not wait longer than it may for a request in flight', { skip }, async (t) => {
  const { envoy, pilot, log } = await createGateway(t);
  const port = await freePort();
  const backend = net.createServer(() => undefined).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const sockets = new Set<net.Socket>();
  backend.on('connection', (socket) => sockets.add(socket));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    backend.close();
  });
  pilot.serve({ l: { port, route: 'upstream' } }, (backend.address() as net.AddressInfo).port);
  await envoy.start();
  await envoy.ready();
  const request = fetchText(port);
  await until('the request is at the backend', () => sockets.size > 0);
  const begin = Date.now();
  await envoy.drain(500);
  assert.ok(Date.now() - begin < 8000);
  assert.equal(await request, undefined);
  assert.ok(log.some((line) => line.includes('still under way')));
});

test('a port in use costs only its own listener, and is taken over once it is free', { skip }, async (t) => {
  const { envoy, pilot } = await createGateway(t);
  const [good, taken] = [await freePort(), await freePort()];
  const other = net.createServer().listen(taken, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  pilot.serve({ good: { port: good, route: { direct: 'good' } }, taken: { port: taken, route: { direct: 'mine' } } });
  await envoy.start();
  await envoy.ready();
  assert.equal(await fetchText(good), 'good');
  await until('TG0019', () => envoy.diagnostics().some(({ code }) => code === 'TG0019'));
  const [diagnostic] = envoy.diagnostics();
  assert.match(diagnostic?.message ?? '', new RegExp(`127\\.0\\.0\\.1:${taken}\\. Listener taken does not serve`));
  assert.deepEqual(
    (await envoy.listeners()).map(({ name, port, state, error }) => ({ name, port, state, error })),
    [
      { name: 'good', port: good, state: 'listening', error: undefined },
      { name: 'taken', port: taken, state: 'failed', error: 'Address already in use' },
    ],
  );
  await new Promise((resolve) => other.close(resolve));
  await until('the port is taken over', async () => (await fetchText(taken)) === 'mine');
  await until('no complaint is left', () => envoy.diagnostics().length === 0);
  assert.equal(await fetchText(good), 'good');
});

/** The certificate a new TLS connection gets; undefined if it is closed. */
function peerCertificate(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: host, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.toString());
      socket.destroy();
    });
    socket.once('error', () => resolve(undefined));
  });
}

test('rotates a mounted certificate without dropping connections', { skip }, async (t) => {
  const { envoy, pilot, folder } = await createGateway(t);
  const port = await freePort();
  const name = fileCertificateName(`${certificateFolder}/tls.crt`, `${certificateFolder}/tls.key`);
  const [first, second] = [await issueTestCertificate('a.example.com'), await issueTestCertificate('a.example.com')];
  mountLikeKubernetes(path.join(folder, 'certs'), first);
  pilot.serve({ tls: { port, route: { direct: 'ok' }, tls: { 'a.example.com': name } } });
  await envoy.start();
  await envoy.ready();
  const agent = new (await import('node:https')).Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const { request } = await import('node:https');
  const get = (): Promise<{ status: number | undefined; reused: boolean; localPort: number | undefined }> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, servername: 'a.example.com', rejectUnauthorized: false, agent },
        (response) => {
          const localPort = response.socket.localPort;
          response
            .resume()
            .on('end', () => resolve({ status: response.statusCode, reused: sent.reusedSocket, localPort }));
        },
      );
      sent.on('error', reject).end();
    });
  const before = await get();
  assert.equal((await peerCertificate(port, 'a.example.com'))?.trim(), first.certificate.trim());
  mountLikeKubernetes(path.join(folder, 'certs'), second);
  await until(
    'the new certificate',
    async () => (await peerCertificate(port, 'a.example.com'))?.trim() === second.certificate.trim(),
  );
  assert.deepEqual(await get(), { status: 200, reused: true, localPort: before.localPort });
  const [secret] = (await envoy.configDump()).SDS;
  assert.equal(secret?.name, name);
  assert.equal(
    (secret!.resource as { tlsCertificate: { privateKey: unknown } }).tlsCertificate.privateKey,
    '[redacted]',
  );
});

test('a missing certificate holds nothing else, and serves once it is there', { skip }, async (t) => {
  const { envoy, pilot, folder } = await createGateway(t);
  const [plain, secure] = [await freePort(), await freePort()];
  const good = fileCertificateName(`${certificateFolder}/tls.crt`, `${certificateFolder}/tls.key`);
  const late = fileCertificateName(`${certificateFolder}/late/tls.crt`, `${certificateFolder}/late/tls.key`);
  mountLikeKubernetes(path.join(folder, 'certs'), await issueTestCertificate('good.example.com'));
  pilot.serve({
    plain: { port: plain, route: { direct: 'plain' } },
    secure: { port: secure, route: { direct: 'ok' }, tls: { 'good.example.com': good, 'late.example.com': late } },
  });
  const begin = Date.now();
  await envoy.start();
  await envoy.ready();
  assert.ok(Date.now() - begin < 4000, 'no time-out is waited for');
  assert.equal(await fetchText(plain), 'plain');
  assert.notEqual(await peerCertificate(secure, 'good.example.com'), undefined);
  assert.equal(await peerCertificate(secure, 'late.example.com'), undefined);
  assert.deepEqual(
    envoy.diagnostics().map(({ code }) => code),
    ['TG0012'],
  );
  const pair = await issueTestCertificate('late.example.com');
  fs.mkdirSync(path.join(folder, 'certs/late'));
  mountLikeKubernetes(path.join(folder, 'certs/late'), pair);
  await until(
    'the late certificate',
    async () => (await peerCertificate(secure, 'late.example.com'))?.trim() === pair.certificate.trim(),
  );
  await until('no complaint is left', () => envoy.diagnostics().length === 0);
});

test('watches certificate files only as long as a listener names them', { skip }, async (t) => {
  const { envoy, pilot } = await createGateway(t);
  const port = await freePort();
  const name = fileCertificateName(`${certificateFolder}/tls.crt`, `${certificateFolder}/tls.key`);
  pilot.serve({ l: { port, route: { direct: 'ok' }, tls: { 'a.example.com': name } } });
  await envoy.start();
  await envoy.ready();
  assert.deepEqual(
    envoy.diagnostics().map(({ code }) => code),
    ['TG0012'],
  );
  pilot.serve({});
  await until('no complaint is left', () => envoy.diagnostics().length === 0);
});

test('keeps serving while pilot is away, and takes up its news when it is back', { skip }, async (t) => {
  const { envoy, pilot, folder } = await createGateway(t);
  const port = await freePort();
  const front = net.createServer({ allowHalfOpen: true }, (socket) => {
    const behind = net.connect({ path: path.join(folder, 'pilot.sock'), allowHalfOpen: true });
    socket.pipe(behind).pipe(socket);
    const end = (): void => {
      socket.destroy();
      behind.destroy();
    };
    socket.on('error', end).on('close', end);
    behind.on('error', end).on('close', end);
    connections.add(socket);
  });
  const connections = new Set<net.Socket>();
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const pilotPort = (front.address() as net.AddressInfo).port;
  const second = await createGateway(t, { pilot: `127.0.0.1:${pilotPort}` });
  void envoy;
  pilot.serve({ l: { port, route: { direct: 'one' } } });
  await second.envoy.start();
  await second.envoy.ready();
  assert.equal(await fetchText(port), 'one');
  front.close();
  for (const socket of connections) socket.destroy();
  await until('it is told', () => second.log.some((line) => line.includes('pilot is away')));
  pilot.serve({ l: { port, route: { direct: 'two' } } });
  assert.equal(await fetchText(port), 'one');
  front.listen(pilotPort, '127.0.0.1');
  t.after(() => front.close());
  await until('the news', async () => (await fetchText(port)) === 'two');
  for (const socket of connections) socket.destroy();
});

test('leaves no Envoy and no folder behind when the gateway is killed', { skip }, async (t) => {
  const temporary = fs.mkdtempSync('/tmp/tidegate-test-');
  t.after(() => fs.rmSync(temporary, { recursive: true }));
  const module = JSON.stringify(import.meta.resolve('./create-envoy-data-plane.ts'));
  const secrets = JSON.stringify(import.meta.resolve('../secrets/create-mounted-secrets.ts'));
  const script = `const { createEnvoyDataPlane } = await import(${module});
    const { createMountedSecrets } = await import(${secrets});
    const envoy = createEnvoyDataPlane({ binary: ${JSON.stringify(envoyBinary)}, pilot: 'unix:/nonexistent', secrets: createMountedSecrets(),
      node: { name: 'g', namespace: 'n', address: '127.0.0.1', labels: {}, dataPlane: 'envoy', version: '0' } });
    await envoy.start();
    console.log(envoy.pid());`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: temporary },
  });
  const [output] = await once(child.stdout, 'data');
  const pid = Number(String(output));
  assert.ok(isAlive(pid));
  child.kill('SIGKILL');
  await until('Envoy is gone', () => !isAlive(pid));
  await until('its folder is gone', () => fs.readdirSync(temporary).length === 0);
});

test('says why Envoy cannot run', { skip }, async (t) => {
  const { envoy } = await createGateway(t, { binary: '/bin/false' });
  await assert.rejects(envoy.start(), { code: 'envoy-failed', message: /\/bin\/false\) does not run: exit status 1/ });
  await assert.rejects(envoy.ready(), { code: 'unavailable' });
  const { envoy: other } = await createGateway(t, { statsPrefixes: [''] });
  await assert.rejects(other.start(), { code: 'envoy-failed', message: /StringMatcher.*at least 1/s });
});
