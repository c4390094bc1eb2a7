// Envoy's fractional percentages as numbers from 0 to 1.
import type { RuntimeFractionalPercent } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import {
  FractionalPercent_DenominatorType as Denominator,
  type FractionalPercent,
} from '../../../xds/generated/envoy/type/v3/percent_pb.ts';

const denominators: Readonly<Record<Denominator, number>> = {
  [Denominator.HUNDRED]: 100,
  [Denominator.TEN_THOUSAND]: 10_000,
  [Denominator.MILLION]: 1_000_000,
};

/** None where it is absent. */
export const shareOf = (percentage: FractionalPercent | undefined): number =>
  percentage === undefined ? 0 : percentage.numerator / (denominators[percentage.denominator] ?? 100);

/** All where it is absent; the engine has no runtime, so that its default counts. */
export const runtimeShareOf = (fraction: RuntimeFractionalPercent | undefined): number =>
  fraction === undefined ? 1 : shareOf(fraction.defaultValue);
