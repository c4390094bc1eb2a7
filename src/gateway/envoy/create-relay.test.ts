// Bytes in both directions, back-pressure, and the end of either side.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createRelay, parsePilotAddress, type Relay } from './create-relay.ts';

async function setUp(
  t: TestContext,
  serve: (socket: net.Socket) => void,
): Promise<{ relay: Relay; socket: string; pilot: net.Server }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidegate-relay-'));
  const pilot = net.createServer(serve).listen(path.join(folder, 'pilot'));
  await once(pilot, 'listening');
  const socket = path.join(folder, 'ads');
  const relay = createRelay({ socket, pilot: `unix:${path.join(folder, 'pilot')}` });
  await relay.listen();
  t.after(() => {
    relay.close();
    pilot.close();
    fs.rmSync(folder, { recursive: true });
  });
  return { relay, socket, pilot };
}

test('carries bytes both ways', async (t) => {
  const { relay, socket } = await setUp(t, (pilot) => pilot.pipe(pilot));
  const envoy = net.connect(socket);
  envoy.write('hello');
  const [answer] = await once(envoy, 'data');
  assert.equal(String(answer), 'hello');
  assert.equal(relay.isConnected(), true);
  relay.reset();
  await once(envoy.resume(), 'close');
  assert.equal(relay.isConnected(), false);
});

test('takes no more from Envoy than pilot takes from it', async (t) => {
  const sockets: net.Socket[] = [];
  const { socket } = await setUp(t, (pilot) => void sockets.push(pilot.pause()));
  const envoy = net.connect(socket);
  t.after(() => {
    envoy.destroy();
    for (const pilot of sockets) pilot.destroy();
  });
  const chunk = Buffer.alloc(1024 * 1024);
  let written = 0;
  // Until the kernel's buffers and ours are full on the whole way.
  while (written < 64) {
    written += 1;
    if (!envoy.write(chunk)) {
      const drained = await Promise.race([
        once(envoy, 'drain'),
        new Promise((resolve) => setTimeout(resolve, 500, 'full')),
      ]);
      if (drained === 'full') break;
    }
  }
  assert.ok(written < 64, 'a pilot that reads nothing stops Envoy');
  let received = 0;
  sockets[0]?.on('data', (data: Buffer) => {
    received += data.length;
  });
  sockets[0]?.resume();
  while (received < written * chunk.length) await once(sockets[0]!, 'data');
  assert.equal(received, written * chunk.length);
});

test('closes to Envoy when pilot is not there, so that Envoy tries again', async (t) => {
  const { socket, pilot } = await setUp(t, () => undefined);
  pilot.close();
  const envoy = net.connect(socket);
  await once(envoy.resume(), 'close');
});

test('closes to Envoy when pilot closes', async (t) => {
  const { socket } = await setUp(t, (pilot) => pilot.destroy());
  const envoy = net.connect(socket);
  await once(envoy.resume(), 'close');
});

test('reads addresses of pilot', async () => {
  assert.deepEqual(parsePilotAddress('unix:/run/p'), { path: '/run/p' });
  assert.deepEqual(parsePilotAddress('unix:///run/p'), { path: '/run/p' });
  assert.deepEqual(parsePilotAddress('istiod.istio-system:15010'), { host: 'istiod.istio-system', port: 15010 });
  assert.deepEqual(parsePilotAddress('[::1]:15010'), { host: '::1', port: 15010 });
  for (const wrong of ['', 'host', 'host:', 'host:0', 'host:70000', '::1:15010', 'http://host:1']) {
    assert.equal(parsePilotAddress(wrong), undefined, wrong);
  }
  await assert.rejects(createRelay({ socket: '/tmp/x', pilot: 'nowhere' }).listen(), { code: 'usage' });
});
