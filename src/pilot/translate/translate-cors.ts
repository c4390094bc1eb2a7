// What a route asks of the CORS filter: which origins, and what they are told.
import { create } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { CorsPolicySchema } from '../../xds/generated/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import type { CorsPolicy } from '../model/proxy-view.ts';
import { cors as corsFilter } from './filters/cors.ts';
import { stringMatcher } from './translate-route-match.ts';

/** Entry of a Route's typed_per_filter_config. */
export function translateCors(policy: CorsPolicy): Readonly<Record<string, Any>> {
  const { maxAgeSeconds, allowCredentials } = policy;
  const config = create(CorsPolicySchema, {
    allowOriginStringMatch: policy.allowOrigins.map(stringMatcher),
    allowMethods: policy.allowMethods.join(','),
    allowHeaders: policy.allowHeaders.join(','),
    exposeHeaders: policy.exposeHeaders.join(','),
    maxAge: maxAgeSeconds === undefined ? '' : String(maxAgeSeconds),
    ...(allowCredentials === undefined ? {} : { allowCredentials }),
    filterEnabled: { defaultValue: { numerator: 100 } },
    forwardNotMatchingPreflights: policy.forwardUnmatchedPreflights,
  });
  return { [corsFilter.name]: anyPack(CorsPolicySchema, config) };
}
