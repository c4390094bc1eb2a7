// What every run has: a log, the view of all problems, and an end that undoes all that was set up.
import type { Logger } from '../lib/logger.ts';
import { type Closers, createClosers } from './closers.ts';
import { createDiagnostics, type Diagnostics } from './create-diagnostics.ts';
import { createLogger } from './create-logger.ts';
import type { CommonOptions, RunEvents, RunSignals } from './run-options.ts';

export interface Run {
  readonly logger: Logger;
  readonly diagnostics: Diagnostics;
  readonly closers: Closers;
}

/** Failures that come from being stopped (a download that was cut off) are none. */
export async function setUpRun(
  options: CommonOptions,
  { stop }: RunSignals,
  events: RunEvents,
  body: (run: Run) => Promise<void>,
): Promise<void> {
  const logger = createLogger(options, events);
  const closers = createClosers(logger);
  try {
    await body({ logger, diagnostics: createDiagnostics(events), closers });
  } catch (error) {
    if (!stop.aborted) throw error;
    logger.debug({ err: error }, 'stopped while starting');
  } finally {
    await closers.closeAll();
  }
}
