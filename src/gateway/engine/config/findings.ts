// What the conversion of one resource finds: errors refuse the resource, warnings say what is not done as asked.

export interface Findings {
  /** In the order found; Envoy tells only the first. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Where we are, for readers: `VirtualHosts[2].Routes[0].Match`; '' at the top. */
  readonly path: string;
  reject(error: string): void;
  /** Refuses in the words of Envoy's protobuf constraints: `constraint('Route', 'Match', 'value is required')`. */
  constraint(message: string, field: string, reason: string): void;
  /** The same for a `oneof` that must be set. */
  required(message: string, oneof: string): void;
  warn(warning: string): void;
  /** Findings of a message inside a field of this one. */
  within(message: string, field: string): Findings;
}

/** A table of 50,000 routes could repeat itself: a reader needs no more than this. */
const maxWarnings = 50;

export function createFindings(): Findings {
  const errors: string[] = [];
  const warnings: string[] = [];
  let dropped = 0;
  const warn = (warning: string): void => {
    if (warnings.includes(warning)) return;
    if (warnings.length < maxWarnings) warnings.push(warning);
    else warnings[maxWarnings - 1] = `and ${++dropped + 1} more`;
  };
  const at = (chain: string, path: string): Findings => ({
    errors,
    warnings,
    path,
    reject: (error) => errors.push(error),
    constraint: (message, field, reason) =>
      errors.push(`Proto constraint validation failed (${chain}${message}ValidationError.${field}: ${reason})`),
    required: (_message, oneof) =>
      errors.push(`Proto constraint validation failed (${chain}field: "${oneof}", reason: is required)`),
    warn: (warning) => warn(path === '' ? warning : `${path}: ${warning}`),
    within: (message, field) =>
      at(
        `${chain}${message}ValidationError.${field}: embedded message failed validation | caused by `,
        path === '' ? field : `${path}.${field}`,
      ),
  });
  return at('', '');
}
