// A finding about one patch of an EnvoyFilter, at its place in the user's file.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { EnvoyPatch } from '../model/proxy-view.ts';
import { type Finding, report } from '../model/report.ts';

/** The path is inside of `patch`; empty is the whole entry of `configPatches`. */
export function reportPatch({ filter, patch }: EnvoyPatch, finding: Finding): Diagnostic {
  const entry = ['spec', 'configPatches', patch.index];
  const path = finding.path.length === 0 ? entry : [...entry, 'patch', ...finding.path];
  return report(filter, { ...finding, path });
}
