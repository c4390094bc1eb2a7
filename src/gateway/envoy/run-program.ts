// Runs a short-lived program to its end with everything bounded: time, and how much of its output is kept.
import { spawn } from 'node:child_process';

export interface ExitedProgram {
  readonly kind: 'exited';
  /** Undefined when a signal ended it. */
  readonly status: number | undefined;
  /** The newest of both streams. */
  readonly output: string;
}

export type ProgramResult =
  | ExitedProgram
  | { readonly kind: 'failed'; readonly error: NodeJS.ErrnoException; readonly output: string };

export interface ProgramOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const keptOutput = 64 * 1024;

/** Never rejects. */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  return new Promise((resolve) => {
    let output = '';
    const keep = (chunk: string): void => {
      output = (output + chunk).slice(-keptOutput);
    };
    const child = spawn(command, args, {
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => resolve({ kind: 'failed', error, output }));
    child.on('close', (status) => resolve({ kind: 'exited', status: status ?? undefined, output }));
  });
}
