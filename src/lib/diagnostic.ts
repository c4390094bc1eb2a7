// What a user did that we cannot do as asked, as data: every stage reports through this one shape, none throws for it.
import { type DiagnosticCode, diagnosticCodes } from './diagnostic-codes.ts';

export type Severity = 'error' | 'warning' | 'info';

/** Names one object of the user's. Cluster-scoped objects have the namespace ''. */
export interface ResourceRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A place in a file; line and column count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Diagnostic extends Partial<Location> {
  readonly severity: Severity;
  readonly code: DiagnosticCode;
  readonly resource?: ResourceRef;
  /** Path of the field inside the object: `spec.http[0].match[1].uri`. */
  readonly path?: string;
  /** What is wrong, and what that means for traffic. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

export function formatResourceRef(ref: ResourceRef): string {
  return ref.namespace === '' ? `${ref.kind}/${ref.name}` : `${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** One line for a terminal: `error IST0101 (ReferencedResourceNotFound) VirtualService/default/a spec.gateways[0] at a.yaml:3:5: … Remedy: …`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const parts: string[] = [diagnostic.severity, diagnostic.code, `(${diagnosticCodes[diagnostic.code].name})`];
  if (diagnostic.resource) parts.push(formatResourceRef(diagnostic.resource));
  if (diagnostic.path) parts.push(diagnostic.path);
  if (diagnostic.file !== undefined)
    parts.push(`at ${diagnostic.file}:${diagnostic.line ?? 1}:${diagnostic.column ?? 1}`);
  return `${parts.join(' ')}: ${diagnostic.message} ${diagnostic.remedy}`;
}
