// What a route asks of the fault filter: requests delayed, or answered with an error, a share of them.
import { create } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { HTTPFaultSchema } from '../../xds/generated/envoy/extensions/filters/http/fault/v3/fault_pb.ts';
import { FractionalPercent_DenominatorType as Denominator } from '../../xds/generated/envoy/type/v3/percent_pb.ts';
import type { HttpFault, RequestShare } from '../model/proxy-view.ts';
import { duration } from './config-source.ts';
import { fault as faultFilter } from './filters/fault.ts';

type Share = NonNullable<HttpFault['abort']>['share'];

export const fractionalPercent = ({ numerator, denominator }: RequestShare) => ({
  numerator,
  denominator: Denominator[denominator],
});

/** Without a share Envoy aborts nothing. */
const percentage = (share: Share) => (share === undefined ? {} : { percentage: fractionalPercent(share) });

/** Entry of a Route's typed_per_filter_config. */
export function translateFault({ delay, abort }: HttpFault): Readonly<Record<string, Any>> {
  const config = create(HTTPFaultSchema, {
    ...(delay === undefined
      ? {}
      : {
          delay: {
            faultDelaySecifier: { case: 'fixedDelay', value: duration(delay.ms) },
            ...percentage(delay.share),
          },
        }),
    ...(abort === undefined
      ? {}
      : {
          abort: {
            errorType: { case: abort.kind === 'http' ? 'httpStatus' : 'grpcStatus', value: abort.status },
            ...percentage(abort.share),
          },
        }),
  });
  return { [faultFilter.name]: anyPack(HTTPFaultSchema, config) };
}
