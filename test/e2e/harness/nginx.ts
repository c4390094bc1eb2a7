// A real nginx of the test's own: HTTP/2 over TLS, HTTP/2 without, and TLS in front of a server that speaks none.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-ports.ts';
import { requireTool, skipBecause } from './require-tool.ts';
import { supervise } from './supervise.ts';
import { waitUntil } from './wait-until.ts';

const run = promisify(execFile);
const nginx = requireTool('nginx', 'nginx');
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';
export const nginxSkip =
  nginx.skip ||
  skipBecause(existsSync(streamModule) ? undefined : `${streamModule} is missing (Debian package libnginx-mod-stream)`);

export interface NginxServer {
  /** HTTP/1.1 and HTTP/2 over TLS, by ALPN. */
  readonly https: number;
  /** HTTP/2 without TLS. */
  readonly http2: number;
  /** TLS, and behind it the connection to `plain`. */
  readonly tls: number;
  stop(): Promise<void>;
}

export interface NginxOptions {
  readonly certificate: string;
  readonly key: string;
  /** What it serves under /files/. */
  readonly files: string;
  /** Port of 127.0.0.1 behind `tls`. */
  readonly plain: number;
}

/** What it says of a request: protocol, TLS, SNI, Host, path. */
const answer = '$server_protocol $ssl_protocol $ssl_server_name $http_host $request_uri';

function configuration(folder: string, ports: Omit<NginxServer, 'stop'>, options: NginxOptions): string {
  const { certificate, key, files, plain } = options;
  const pair = `ssl_certificate ${certificate}; ssl_certificate_key ${key};`;
  const locations = `location / { return 200 "${answer}"; } location /files/ { alias ${files}/; }`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  return `
load_module ${streamModule};
daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  ${temporary}
  server { listen 127.0.0.1:${ports.https} ssl http2; ${pair} ${locations} }
  server { listen 127.0.0.1:${ports.http2} http2; ${locations} }
}
stream {
  server { listen 127.0.0.1:${ports.tls} ssl; ${pair} proxy_pass 127.0.0.1:${plain}; }
}
`;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

export async function startNginx(options: NginxOptions): Promise<NginxServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-nginx-'));
  mkdirSync(join(folder, 'logs'));
  const ports = { https: await freePort(), http2: await freePort(), tls: await freePort() };
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, ports, options));
  const args = ['-p', folder, '-c', file, '-e', join(folder, 'error.log')];
  await run(nginx.path, [...args, '-t']);
  const child: ChildProcess = spawn(nginx.path, args, { stdio: 'ignore' });
  const stop = supervise(child, folder, 5000);
  try {
    await waitUntil('nginx to listen', async () => {
      if (child.exitCode !== null)
        throw new Error(`nginx ended: ${readFileSync(join(folder, 'error.log'), 'utf8').slice(-2000)}`);
      return (await Promise.all(Object.values(ports).map(accepts))).every(Boolean);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...ports, stop };
}
