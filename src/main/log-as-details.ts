// A logger for parts whose problems are Diagnostics already: people need not read each twice.
import type { Logger } from '../lib/logger.ts';

/** Warnings become debug lines. */
export function logAsDetails(logger: Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.debug(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
