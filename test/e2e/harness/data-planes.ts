// The two data planes that every end-to-end test runs on.
import { existsSync } from 'node:fs';
import { skipBecause } from './require-tool.ts';

export const dataPlaneNames = ['embedded', 'envoy'] as const;
export type DataPlaneName = (typeof dataPlaneNames)[number];

/** The pinned Envoy, if it was fetched; tests download nothing. */
export function envoyBinary(): string | undefined {
  const path = process.env.TIDEGATE_ENVOY;
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** Why tests on this data plane are skipped, or `false`. Throws where CI is set and Envoy is missing. */
export function skipDataPlane(dataPlane: DataPlaneName): string | false {
  if (dataPlane === 'embedded' || envoyBinary() !== undefined) return false;
  return skipBecause('Envoy is missing (node scripts/fetch-envoy.mjs)');
}
