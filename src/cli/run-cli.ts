// The command line from arguments to exit code: the only place where an error becomes text for people.
import { CommanderError } from 'commander';
import { TidegateError } from '../lib/tidegate-error.ts';
import { createProgram } from './create-program.ts';
import { exitCodeOf } from './exit-codes.ts';
import { printable, printLine, styled, type Terminal } from './terminal.ts';

/** A reader that closes early (`| head`) is no failure: it ends the command, and what runs drains first. */
function endWithReader(stream: NodeJS.WritableStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM', 'SIGTERM');
    else process.exit(process.exitCode ?? 0);
  });
}

function printError(thrown: unknown, terminal: Terminal, isDebug: boolean): void {
  const error = TidegateError.from(thrown);
  printLine(terminal.stderr, `${styled(terminal.stderr, 'red', 'tidegate:')} ${printable(error.message)}`);
  if (error.hint !== undefined) printLine(terminal.stderr, `hint: ${printable(error.hint)}`);
  if (isDebug) printLine(terminal.stderr, String(error.stack));
}

const asksForDebug = (args: readonly string[]): boolean =>
  args.some((arg, i) => arg === '--log-level=debug' || (arg === '--log-level' && args[i + 1] === 'debug'));

/** Runs one command; returns its exit code. */
export async function execute(args: readonly string[], terminal: Terminal): Promise<number> {
  process.exitCode = undefined;
  try {
    await createProgram(terminal).parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    // Commander has printed its own already.
    if (!(thrown instanceof CommanderError)) printError(thrown, terminal, asksForDebug(args));
    return exitCodeOf(thrown);
  }
}

export async function runCli(args: readonly string[]): Promise<void> {
  endWithReader(process.stdout);
  // Without a reader of its log a gateway goes on serving.
  process.stderr.on('error', () => undefined);
  process.exitCode = await execute(args.length === 0 ? ['--help'] : args, process);
}
