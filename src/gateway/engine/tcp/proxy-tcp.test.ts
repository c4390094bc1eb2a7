// TCP connections through the proxy: bytes, half-close, back-pressure and failures.
import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { ClusterConfig, TcpProxy } from '../config/engine-config.ts';
import {
  cleanUpAfterEach,
  cluster,
  engineConfig,
  filterChain,
  listen,
  listener,
  type RunningEngine,
  runEngine,
  until,
} from '../engine-fixture.ts';

const { cleanups, keep } = cleanUpAfterEach();

const format = {
  kind: 'text',
  template: '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_HOST%\n',
} as const;

async function serve(clusters: readonly ClusterConfig[], overrides: Partial<TcpProxy> = {}): Promise<RunningEngine> {
  const proxy: TcpProxy = {
    kind: 'tcp',
    statPrefix: 'tcp',
    clusters: { entries: [{ cluster: 'tcp', weight: 1 }], totalWeight: 1 },
    idleTimeoutMs: 0,
    accessLogs: [{ path: '/dev/stdout', format, conditions: [] }],
    ...overrides,
  };
  return keep(await runEngine(engineConfig({ listeners: [listener([filterChain(proxy)])], clusters })));
}

interface Talk {
  readonly socket: net.Socket;
  received: string;
  end: 'open' | 'eof' | 'reset';
}

function talk(port: number): Talk {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const state: Talk = { socket, received: '', end: 'open' };
  cleanups.push(async () => void socket.destroy());
  socket.on('data', (chunk) => {
    state.received += chunk.toString('latin1');
  });
  socket.on('end', () => {
    state.end = 'eof';
  });
  socket.on('error', () => {
    state.end = 'reset';
  });
  return state;
}

describe('proxyTcp', () => {
  it('lets the server speak first', async () => {
    const backend = keep(await listen(net.createServer((socket) => socket.write('banner'))));
    const client = talk((await serve([cluster('tcp', [backend.port])])).port());
    await until(() => client.received === 'banner');
  });

  it('passes bytes both ways, and each half-close', async () => {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('end', () => socket.end(`heard ${text}`));
    });
    const backend = keep(await listen(server));
    const running = await serve([cluster('tcp', [backend.port])]);
    const client = talk(running.port());
    client.socket.end('hello');
    await until(() => client.end === 'eof');
    assert.equal(client.received, 'heard hello');
    await until(() => running.lines.length === 1);
    assert.equal(running.lines[0], `0 - 5 11 127.0.0.1:${backend.port}`);
  });

  it('carries a large payload through small buffers', async () => {
    const backend = keep(await listen(net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))));
    const client = talk((await serve([cluster('tcp', [backend.port])])).port());
    client.socket.end(Buffer.alloc(20_000_000, 'x'));
    let size = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk) => {
      size += chunk.length;
    });
    await until(() => client.end === 'eof');
    assert.equal(size, 20_000_000);
  });

  it('accepts and breaks off where there is nobody to connect to', async () => {
    const gone = await listen(net.createServer());
    await gone.stop();
    for (const [clusters, flags] of [
      [[], 'NC'],
      [[cluster('tcp', [])], 'UH'],
      [[cluster('tcp', [gone.port])], 'UF,URX'],
    ] as const) {
      const running = await serve(clusters);
      const client = talk(running.port());
      client.socket.write('ping');
      await until(() => client.end !== 'open' && running.lines.length === 1);
      assert.equal(client.received, '');
      assert.equal(running.lines[0]?.split(' ')[1], flags);
    }
  });

  it('ends both sides when one breaks', async () => {
    let closed = false;
    const backend = keep(
      await listen(
        net.createServer((socket) => {
          socket.on('data', () => {});
          socket.on('close', () => {
            closed = true;
          });
        }),
      ),
    );
    const client = talk((await serve([cluster('tcp', [backend.port])])).port());
    await new Promise<void>((resolve) => client.socket.write('x', () => resolve()));
    client.socket.resetAndDestroy();
    await until(() => closed);
  });

  it('closes connections on which nothing moves for too long', async () => {
    const backend = keep(await listen(net.createServer(() => {})));
    const running = await serve([cluster('tcp', [backend.port])], { idleTimeoutMs: 30 });
    const client = talk(running.port());
    await until(() => client.end !== 'open');
  });
});
