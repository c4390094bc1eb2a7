// The two data planes that every end-to-end test runs on.
import { locateEnvoy } from '../../../src/gateway/envoy/locate-envoy.ts';
import { skipBecause } from './require-tool.ts';

export const dataPlaneNames = ['embedded', 'envoy'] as const;
export type DataPlaneName = (typeof dataPlaneNames)[number];

/** The pinned Envoy or the one of TIDEGATE_ENVOY, if there is one; tests download nothing. */
export const envoyBinary = (): string | undefined => locateEnvoy();

/** Why tests on this data plane are skipped, or `false`. Throws where CI is set and Envoy is missing. */
export function skipDataPlane(dataPlane: DataPlaneName): string | false {
  if (dataPlane === 'embedded' || envoyBinary() !== undefined) return false;
  return skipBecause('Envoy is missing (node scripts/fetch-envoy.mjs)');
}
