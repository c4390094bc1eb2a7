// Envoy's application log, in a format we choose, back into levels and components for our own logger.

/** spdlog: level, component, message. `--log-format-escaped` makes one line of each, and would escape a tab here as well. */
export const envoyLogFormat = '%l|%n|%v';

export type EnvoyLogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface EnvoyLogLine {
  readonly level: EnvoyLogLevel;
  readonly component: string;
  readonly message: string;
}

const levels: Readonly<Record<string, EnvoyLogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
};

const unescaped: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" };

/** Undefined for what did not come from Envoy's logger: a library that writes to standard error by itself. */
export function parseLogLine(line: string): EnvoyLogLine | undefined {
  const [, name = '', component = '', text = ''] = /^([a-z]+)\|([^|]*)\|(.*)$/s.exec(line) ?? [];
  const level = Object.hasOwn(levels, name) ? levels[name] : undefined;
  if (level === undefined) return undefined;
  const message = text.replace(/\\([ntr\\"'])/g, (whole, letter: string) => unescaped[letter] ?? whole).trimEnd();
  return { level, component, message };
}
