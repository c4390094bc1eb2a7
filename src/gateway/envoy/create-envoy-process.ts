// One run of the Envoy program: its arguments, its descriptors, and the certainty that it never outlives us.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { envoyLogFormat } from './parse-log-line.ts';

export interface EnvoyProcessOptions {
  readonly binary: string;
  /** Its private folder, with `bootstrap.json`. */
  readonly folder: string;
  readonly concurrency: number | undefined;
  readonly drainTimeS: number;
  readonly logLevel: string;
  /** Descriptors for its standard output and error, which must not be sockets. */
  readonly stdoutFd: number;
  readonly stderrFd: number;
}

export interface EnvoyExit {
  /** For people: `exit status 1`, `signal SIGSEGV`, `spawn …ENOENT`. */
  readonly reason: string;
}

export interface EnvoyProcess {
  readonly pid: number | undefined;
  /** Resolves once it has ended, for whatever reason. */
  readonly exited: Promise<EnvoyExit>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/**
 * The shell becomes Envoy, so that pid, signals and exit status are Envoy's own. It leaves a guard behind that reads from
 * descriptor 3: a line means that Envoy has ended; end of file means that we were killed, and Envoy and its folder have to go.
 */
const script = `
folder=$1; shift
( read -r ended && exit 0
  kill -TERM $$; for i in 1 2 3 4 5; do sleep 1; kill -0 $$ || break; done; kill -KILL $$
  rm -rf "$folder"
) <&3 >/dev/null 2>&1 &
exec "$@" 3<&-`;

function processArguments(options: EnvoyProcessOptions): string[] {
  return [
    ...['-c', path.join(options.folder, 'bootstrap.json')],
    // Two Envoys on one machine would clash in the shared memory of hot restarts, which we do not use.
    '--disable-hot-restart',
    ...['--drain-time-s', String(options.drainTimeS), '--drain-strategy', 'immediate'],
    // Access logs are followed by people: Envoy's default flushes after 10 s.
    ...['--file-flush-interval-msec', '250'],
    ...['--log-level', options.logLevel, '--log-format', envoyLogFormat, '--log-format-escaped'],
    // Which fields are deprecated is pilot's concern, not the user's.
    '--skip-deprecated-logs',
    ...(options.concurrency === undefined ? [] : ['--concurrency', String(options.concurrency)]),
  ];
}

export function createEnvoyProcess(options: EnvoyProcessOptions): EnvoyProcess {
  const child: ChildProcess = spawn(
    'sh',
    ['-c', script, 'envoy', options.folder, options.binary, ...processArguments(options)],
    {
      // A session of its own: Ctrl-C in a terminal is for us, and Envoy then drains instead of dying at once.
      detached: true,
      stdio: ['ignore', options.stdoutFd, options.stderrFd, 'pipe'],
    },
  );
  const guard = child.stdio[3];
  guard?.on('error', () => undefined);
  const release = (): void => {
    if (guard && 'end' in guard) guard.end('ended\n');
  };
  const ended = async (): Promise<EnvoyExit> => {
    try {
      const [status, signal] = await once(child, 'exit');
      return { reason: signal === null ? `exit status ${status}` : `signal ${signal}` };
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error) };
    } finally {
      release();
    }
  };
  return { pid: child.pid, exited: ended(), kill: (signal) => void child.kill(signal) };
}
