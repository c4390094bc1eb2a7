// Makes a Diagnostic that knows the object, the field and where it stands in its file.
import type { Diagnostic, Severity } from '../../lib/diagnostic.ts';
import type { DiagnosticCode } from '../../lib/diagnostic-codes.ts';
import { type FieldPath, formatFieldPath, type Resource, resourceRef } from '../resources/resource.ts';

export interface Finding {
  readonly severity: Severity;
  readonly code: DiagnosticCode;
  readonly path: FieldPath;
  readonly message: string;
  readonly remedy: string;
}

/** `consequence` is a whole sentence. */
export const invalidRegex = (regex: string, path: FieldPath, reason: string, consequence: string): Finding => ({
  severity: 'error',
  code: 'TG0016',
  path,
  message: `The regular expression ${JSON.stringify(regex.slice(0, 200))} cannot be used: ${reason}. ${consequence}`,
  remedy: 'Write it in RE2 syntax: look-ahead, look-behind and back-references do not exist there.',
});

/** What each is about: objects move in their files, and what was found of them with them. */
const places = new WeakMap<Diagnostic, { readonly resource: Resource; readonly path: FieldPath }>();

export function report(resource: Resource, finding: Finding): Diagnostic {
  const location = resource.origin.locate(finding.path);
  const diagnostic: Diagnostic = {
    severity: finding.severity,
    code: finding.code,
    resource: resourceRef(resource),
    ...(finding.path.length === 0 ? {} : { path: formatFieldPath(finding.path) }),
    ...(location ?? {}),
    message: finding.message,
    remedy: finding.remedy,
  };
  places.set(diagnostic, { resource, path: finding.path });
  return diagnostic;
}

/** With the line on which it stands now; itself where that is the same. */
function relocate(diagnostic: Diagnostic): Diagnostic {
  const place = places.get(diagnostic);
  const location = place?.resource.origin.locate(place.path);
  if (place === undefined || location === undefined) return diagnostic;
  if (location.line === diagnostic.line && location.column === diagnostic.column) return diagnostic;
  const moved = { ...diagnostic, ...location };
  places.set(moved, place);
  return moved;
}

const identity = (d: Diagnostic): string =>
  JSON.stringify([d.code, d.severity, d.resource, d.path, d.file, d.line, d.column, d.message]);

/** Joins lists, each finding once and with the lines of now, the first place it was found keeping its position. */
export function mergeDiagnostics(...lists: readonly (readonly Diagnostic[])[]): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const diagnostic of lists.flat().map(relocate)) {
    const key = identity(diagnostic);
    if (!seen.has(key)) seen.set(key, diagnostic);
  }
  return [...seen.values()];
}
