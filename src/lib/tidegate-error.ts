// The one error class for operational failures: something the operator must act on, never a mistake in a manifest.

export type TidegateErrorCode =
  | 'usage'
  | 'unavailable'
  | 'envoy-missing'
  | 'envoy-failed'
  | 'address-in-use'
  | 'not-found'
  | 'protocol'
  | 'internal';

export class TidegateError extends Error {
  readonly code: TidegateErrorCode;
  /** What the operator can do about it. */
  readonly hint: string | undefined;

  constructor(code: TidegateErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TidegateError';
    this.code = code;
    this.hint = options.hint;
  }

  /** Anything thrown, as a TidegateError; one already is stays itself. */
  static from(thrown: unknown): TidegateError {
    if (thrown instanceof TidegateError) return thrown;
    return new TidegateError('internal', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}
