// The two data planes that every end-to-end test runs on.
import { existsSync } from 'node:fs';
import { skipBecause } from './require-tool.ts';

export const dataPlaneNames = ['embedded', 'envoy'] as const;
export type DataPlaneName = (typeof dataPlaneNames)[number];

/** Why tests on this data plane are skipped, or `false`. Throws where CI is set and Envoy is missing. */
export function skipDataPlane(dataPlane: DataPlaneName): string | false {
  if (dataPlane === 'embedded') return false;
  const path = process.env.TIDEGATE_ENVOY;
  return skipBecause(
    path === undefined || !existsSync(path) ? 'Envoy is missing (node scripts/fetch-envoy.mjs)' : undefined,
  );
}
