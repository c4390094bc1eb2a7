// A real MariaDB server of the test's own: fresh data, free port, TLS with the test's certificate, never run as root.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-ports.ts';
import type { Address } from './manifests.ts';
import { requireTool } from './require-tool.ts';
import { supervise } from './supervise.ts';
import { waitUntil } from './wait-until.ts';

const run = promisify(execFile);

/** MariaDB refuses to run as root; `nobody` exists everywhere. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

export const mariadbTools = {
  server: requireTool('mariadbd', 'mariadb-server'),
  install: requireTool('mariadb-install-db', 'mariadb-server'),
  client: requireTool('mariadb', 'mariadb-client'),
};
export const mariadbSkip = Object.values(mariadbTools).find((tool) => tool.skip !== false)?.skip ?? false;

export interface MariadbServer extends Address {
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
}

export interface ServerCertificate {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

const user = 'visitor';
const password = 'tidegate-test';

export async function startMariadb(tls: ServerCertificate): Promise<MariadbServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-mariadb-'));
  const [data, log] = [join(folder, 'data'), join(folder, 'log')];
  mkdirSync(data);
  const own = (path: string): void => {
    if (unprivileged.uid !== undefined) chownSync(path, unprivileged.uid, unprivileged.gid);
  };
  own(folder);
  own(data);
  const common = ['--no-defaults', `--datadir=${data}`];
  await run(
    mariadbTools.install.path,
    [...common, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'],
    { ...unprivileged, timeout: 60_000 },
  );
  const port = await freePort();
  const socket = join(folder, 'socket');
  const out = openSync(log, 'a');
  const child: ChildProcess = spawn(
    mariadbTools.server.path,
    [
      ...common,
      ...[`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${socket}`, `--pid-file=${join(folder, 'pid')}`],
      ...[`--ssl-ca=${tls.ca}`, `--ssl-cert=${tls.certificate}`, `--ssl-key=${tls.key}`, '--skip-name-resolve'],
      '--innodb-buffer-pool-size=16M',
    ],
    { stdio: ['ignore', out, out], ...unprivileged },
  );
  closeSync(out);
  const stop = supervise(child, folder, 10_000);
  try {
    const setUp = `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'; CREATE DATABASE visits; GRANT ALL ON visits.* TO '${user}'@'%';`;
    await waitUntil(
      'MariaDB to take its first commands',
      async () => {
        if (child.exitCode !== null) throw new Error(`mariadbd ended: ${readFileSync(log, 'utf8').slice(-2000)}`);
        await run(mariadbTools.client.path, ['--no-defaults', '-u', 'root', `--socket=${socket}`, '-e', setUp]);
        return true;
      },
      30_000,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: '127.0.0.1', port, user, password, stop };
}

/** One statement through the `mariadb` client; tab-separated rows. Rejects with the client's message. */
export async function queryMariadb(
  server: { readonly port: number; readonly user: string; readonly password: string },
  statement: string,
  flags: readonly string[] = [],
): Promise<string> {
  const { stdout } = await run(
    mariadbTools.client.path,
    [
      ...['--no-defaults', '-h', '127.0.0.1', '-P', String(server.port), '-u', server.user, `-p${server.password}`],
      ...['--batch', '--skip-column-names', '--connect-timeout=5', ...flags, '-e', statement],
    ],
    { timeout: 20_000, maxBuffer: 64 << 20 },
  );
  return stdout.trim();
}
