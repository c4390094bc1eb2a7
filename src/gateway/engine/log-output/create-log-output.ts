// Where access log lines go: formatted, then written in batches to standard output, standard error or files.

import type { Logger } from '../../../lib/logger.ts';
import { compileAccessLogConditions } from '../access-log/compile-access-log-conditions.ts';
import { compileAccessLogFormat, type FormatAccessLog } from '../access-log/compile-access-log-format.ts';
import type { AccessLogConfig } from '../config/engine-config.ts';
import type { RequestInfo } from '../config/request-info.ts';
import { createLogSink, type LogSink } from './create-log-sink.ts';

export interface LogOutputOptions {
  readonly logger: Logger;
  /** Every line, whatever file it goes to; without its line feed. */
  readonly onLine: (line: string) => void;
  /** Takes the lines meant for standard output instead. */
  readonly stdout?: ((line: string) => void) | undefined;
}

export interface LogOutput {
  log(configs: readonly AccessLogConfig[], info: RequestInfo): void;
  /** Lines that could not be kept because their file is too slow or cannot be written. */
  readonly dropped: number;
  /** Writes what waits. */
  close(): Promise<void>;
}

interface Compiled {
  readonly format: FormatAccessLog;
  readonly wants: (info: RequestInfo) => boolean;
}

export function createLogOutput(options: LogOutputOptions): LogOutput {
  const formats = new WeakMap<AccessLogConfig, Compiled>();
  const sinks = new Map<string, LogSink>();

  const compile = (config: AccessLogConfig): Compiled | undefined => {
    const known = formats.get(config);
    if (known) return known;
    const compiled = compileAccessLogFormat(config.format);
    // The configuration was refused for it already; a line less is all that is left of it here.
    if (compiled.kind === 'error') return undefined;
    const result = { format: compiled.format, wants: compileAccessLogConditions(config.conditions) };
    formats.set(config, result);
    return result;
  };
  const sinkOf = (path: string): LogSink => {
    const known = sinks.get(path) ?? createLogSink(path, options.logger);
    sinks.set(path, known);
    return known;
  };

  return {
    get dropped() {
      let dropped = 0;
      for (const sink of sinks.values()) dropped += sink.dropped;
      return dropped;
    },
    log: (configs, info) => {
      for (const config of configs) {
        const compiled = compile(config);
        if (!compiled?.wants(info)) continue;
        const line = compiled.format(info);
        const text = line.endsWith('\n') ? line.slice(0, -1) : line;
        options.onLine(text);
        if (config.path === '/dev/stdout' && options.stdout) options.stdout(text);
        else sinkOf(config.path).write(line);
      }
    },
    close: async () => {
      await Promise.all([...sinks.values()].map((sink) => sink.close()));
      sinks.clear();
    },
  };
}
