// The logger of a running process: pino, written to standard error as JSON or for people.
import { pino } from 'pino';
import type { Logger } from '../lib/logger.ts';
import { formatLogLine } from './format-log-line.ts';
import type { CommonOptions, RunEvents } from './run-options.ts';

export function createLogger(
  options: Pick<CommonOptions, 'logLevel' | 'logFormat'>,
  events: Pick<RunEvents, 'log' | 'isColored'>,
): Logger {
  const isDebug = options.logLevel === 'debug';
  const destination = {
    write: (line: string): void =>
      events.log(options.logFormat === 'json' ? line : formatLogLine(line, isDebug, events.isColored)),
  };
  return pino({ level: options.logLevel, base: null, serializers: { error: pino.stdSerializers.err } }, destination);
}
