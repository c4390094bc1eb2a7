// The application behind the gateway in benchmarks: nginx where it is installed, because it costs least; else Node.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../test/e2e/harness/free-ports.ts';
import { sendRequest } from '../test/e2e/harness/send-request.ts';
import { waitUntil } from '../test/e2e/harness/wait-until.ts';

export interface Upstream {
  readonly name: string;
  readonly port: number;
  stop(): Promise<void>;
}

const body = 'x'.repeat(64);

function nginxConfig(port: number, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`);
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000; keepalive_timeout 1h; ${temporary.join(' ')}
  server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 ${body}; } } }
`;
}

/** A program of its own, so that it can be pinned to a core. */
const nodeServer = (port: number): string =>
  `require('node:http').createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (_, r) => r.end('${body}')).listen(${port}, '127.0.0.1')`;

/** `prefix` pins it: `['taskset', '-c', '0']`. */
export async function startUpstream(nginx: string | undefined, prefix: readonly string[]): Promise<Upstream> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(port, folder));
  const program =
    nginx === undefined
      ? [process.execPath, '-e', nodeServer(port)]
      : [nginx, '-p', folder, '-c', join(folder, 'nginx.conf')];
  const [command = '', ...args] = [...prefix, ...program];
  const child: ChildProcess = spawn(command, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const kill = (): void => void child.kill('SIGTERM');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', kill);
    kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitUntil('the upstream to answer', async () => (await sendRequest({ port, host: 'up' })).status === 200);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: nginx === undefined ? 'a Node server' : 'nginx', port, stop };
}
