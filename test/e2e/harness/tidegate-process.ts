// Starts `tidegate up` as a user would, waits until it serves, and ends it with all that it started.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Diagnostic } from '../../../src/lib/diagnostic.ts';
import type { DataPlaneName } from './data-planes.ts';
import { freePort } from './free-ports.ts';
import { waitUntil } from './wait-until.ts';

export const repositoryRoot = new URL('../../../', import.meta.url).pathname;
const tidegate = join(repositoryRoot, 'bin/tidegate.mjs');

export interface TidegateOptions {
  /** Files and folders for `-f`. */
  readonly manifests: readonly string[];
  readonly dataPlane: DataPlaneName;
  /** Gateway port → port bound on 127.0.0.1. */
  readonly portMap?: Readonly<Record<number, number>>;
  /** Path named in manifests → local folder. */
  readonly mounts?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Command line that runs this one: `['taskset', '-c', '1']`. */
  readonly prefix?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly readyTimeoutMs?: number;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TidegateProcess {
  /** `127.0.0.1:15080` */
  readonly admin: string;
  readonly pid: number;
  /** The file that the process writes its standard output to: `ready`, the ports table, then access log lines. */
  readonly stdoutFile: string;
  stdout(): string;
  stderr(): string;
  /** GET of the admin server, parsed as JSON. */
  view(path: string): Promise<unknown>;
  diagnostics(): Promise<readonly Diagnostic[]>;
  /** Runs another command of the CLI against this one. */
  command(...args: readonly string[]): Promise<CommandResult>;
  /** SIGTERM, then SIGKILL for what is left. Resolves with the exit code, or the signal that ended it. */
  stop(): Promise<number | NodeJS.Signals>;
}

const running = new Set<ChildProcess>();

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    // The group, so that Envoy goes with its wrapper even if that one died first.
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // ESRCH: all of it is gone already.
  }
}

process.on('exit', () => {
  for (const child of running) killGroup(child, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Runs one command of the CLI to its end. */
export function runTidegate(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [tidegate, ...args],
      { env: { ...process.env, NO_COLOR: '1', ...env }, timeout: 30_000, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

function commandLine(options: TidegateOptions, admin: string): string[] {
  const portMap = Object.entries(options.portMap ?? {}).map(([from, to]) => `${from}=${to}`);
  return [
    ...(options.prefix ?? []),
    process.execPath,
    tidegate,
    'up',
    ...options.manifests.flatMap((path) => ['-f', path]),
    ...['--engine', options.dataPlane, '--bind', '127.0.0.1', '--admin', admin, '--metrics', 'off'],
    ...(portMap.length > 0 ? ['--port-map', portMap.join(',')] : []),
    ...Object.entries(options.mounts ?? {}).flatMap(([path, folder]) => ['--mount', `${path}=${folder}`]),
    ...(options.args ?? []),
  ];
}

/** Starts it without waiting for readiness. Throws only when the process cannot be spawned. */
export async function spawnTidegate(options: TidegateOptions): Promise<TidegateProcess & { ready(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-process-'));
  const admin = `127.0.0.1:${await freePort()}`;
  const stdoutFile = join(folder, 'stdout');
  const stderrFile = join(folder, 'stderr');
  // Files, not pipes: a test that does not read cannot slow the gateway down.
  const [out, err] = [openSync(stdoutFile, 'a'), openSync(stderrFile, 'a')];
  const [command = process.execPath, ...args] = commandLine(options, admin);
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', out, err],
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  closeSync(out);
  closeSync(err);
  running.add(child);
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  ended.catch(() => {});
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;

  const view = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://${admin}${path}`, { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`GET ${path} of the admin server: ${response.status} ${await response.text()}`);
    return response.json();
  };

  return {
    admin,
    pid: child.pid ?? -1,
    stdoutFile,
    stdout: () => readFileSync(stdoutFile, 'utf8'),
    stderr: () => readFileSync(stderrFile, 'utf8'),
    view,
    diagnostics: async () => (await view('/debug/diagnostics')) as readonly Diagnostic[],
    command: (...args) => runTidegate([...args, '--admin', admin]),
    ready: async () => {
      try {
        await waitUntil(
          'tidegate to be ready',
          async () => {
            if (hasEnded()) return true;
            const response = await fetch(`http://${admin}/ready`, { signal: AbortSignal.timeout(2000) });
            await response.arrayBuffer();
            // It prints the ports table a moment later, and what follows on standard output is the access log.
            return response.status === 200 && /^ready/m.test(readFileSync(stdoutFile, 'utf8'));
          },
          options.readyTimeoutMs ?? 30_000,
        );
        if (hasEnded()) throw new Error(`tidegate ended before it was ready: ${await ended}`);
      } catch (error) {
        throw new Error(`tidegate did not become ready; it said:\n${readFileSync(stderrFile, 'utf8').slice(-4000)}`, {
          cause: error,
        });
      }
    },
    stop: async () => {
      if (!hasEnded()) child.kill('SIGTERM');
      const forced = setTimeout(() => killGroup(child, 'SIGKILL'), 15_000);
      try {
        return await ended;
      } finally {
        clearTimeout(forced);
        killGroup(child, 'SIGKILL');
        running.delete(child);
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Starts it and waits for readiness; a process that does not get there is ended, and the error carries what it said. */
export async function startTidegate(options: TidegateOptions): Promise<TidegateProcess> {
  const started = await spawnTidegate(options);
  try {
    await started.ready();
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}
