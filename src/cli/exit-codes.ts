// Exit codes of every command, as its help documents them.
import { CommanderError, InvalidArgumentError } from 'commander';
import { TidegateError } from '../lib/tidegate-error.ts';

export const exitCodes = {
  ok: 0,
  /** Failed, or the answer is no: not in sync, a difference, a configuration with errors. */
  failure: 1,
  /** Wrong flags or arguments. */
  usage: 2,
  /** No tidegate answers at the admin address. */
  unavailable: 3,
} as const;

export const exitCodesHelp = `
Exit codes: 0 fine; 1 failed, or not in sync; 2 wrong usage; 3 no tidegate answers at the admin address;
130 and 143: stopped by force (a second Ctrl-C or SIGTERM).`;

export function exitCodeOf(thrown: unknown): number {
  // Commander throws for --help and --version too; those have exit code 0.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (thrown instanceof TidegateError) {
    if (thrown.code === 'usage') return exitCodes.usage;
    if (thrown.code === 'unavailable') return exitCodes.unavailable;
  }
  return exitCodes.failure;
}

/** For option parsers: commander adds which option it was. */
export function usageError(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message);
}
