// One view of all problems, whoever found them: each is told once when it appears, and once when it is solved.
import { type Diagnostic, formatResourceRef } from '../lib/diagnostic.ts';

export interface Diagnostics {
  /** Replaces what this part of the process reported before. */
  set(part: string, diagnostics: readonly Diagnostic[]): void;
  /** All of now: errors first, each once. */
  current(): readonly Diagnostic[];
}

export interface DiagnosticsListener {
  diagnostic(diagnostic: Diagnostic, state: 'appeared' | 'resolved'): void;
  moreDiagnostics(count: number): void;
}

/** What one change may tell: ten thousand broken objects are one line each at most this often. */
const maxTold = 50;

const order = { error: 0, warning: 1, info: 2 } as const;

/** Without the line: an object that moves within its file has the same problem still. */
function keyOf(diagnostic: Diagnostic): string {
  const { severity, code, resource, path, file, message } = diagnostic;
  return JSON.stringify([severity, code, resource && formatResourceRef(resource), path, file, message]);
}

export function createDiagnostics(listener: DiagnosticsListener): Diagnostics {
  const parts = new Map<string, readonly Diagnostic[]>();
  let known = new Map<string, Diagnostic>();

  const tell = (diagnostics: readonly Diagnostic[], state: 'appeared' | 'resolved'): void => {
    for (const diagnostic of diagnostics.slice(0, maxTold)) listener.diagnostic(diagnostic, state);
    if (diagnostics.length > maxTold) listener.moreDiagnostics(diagnostics.length - maxTold);
  };

  return {
    set: (part, diagnostics) => {
      if (parts.get(part) === diagnostics) return;
      parts.set(part, diagnostics);
      const next = new Map<string, Diagnostic>();
      for (const diagnostic of [...parts.values()].flat().toSorted((a, b) => order[a.severity] - order[b.severity])) {
        next.set(keyOf(diagnostic), diagnostic);
      }
      const previous = known;
      known = next;
      tell(
        [...next].filter(([key]) => !previous.has(key)).map(([, diagnostic]) => diagnostic),
        'appeared',
      );
      tell(
        [...previous].filter(([key]) => !next.has(key)).map(([, diagnostic]) => diagnostic),
        'resolved',
      );
    },
    current: () => [...known.values()],
  };
}
