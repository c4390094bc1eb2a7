// A route's own configuration of the CORS filter.
import type { CorsPolicy } from '../../../xds/generated/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import { runtimeShareOf } from './convert-share.ts';
import { convertStringMatcher } from './convert-string-matcher.ts';
import type { Cors } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const corsFields = new Set([
  ...['allowOriginStringMatch', 'allowMethods', 'allowHeaders', 'exposeHeaders', 'maxAge', 'allowCredentials'],
  ...['filterEnabled', 'forwardNotMatchingPreflights'],
]);

export function convertCors(policy: CorsPolicy, findings: Findings): Cors {
  warnUnhandledFields(policy, corsFields, findings);
  const origins = policy.allowOriginStringMatch.flatMap((matcher, index) => {
    const converted = convertStringMatcher(matcher, findings.within('CorsPolicy', `AllowOriginStringMatch[${index}]`));
    return converted === undefined ? [] : [converted];
  });
  return {
    origins,
    // As Envoy: what matches a lone `*` allows every origin.
    anyOrigin: origins.some(({ matches }) => matches('*')),
    allowMethods: policy.allowMethods,
    allowHeaders: policy.allowHeaders,
    exposeHeaders: policy.exposeHeaders,
    maxAge: policy.maxAge,
    allowCredentials: policy.allowCredentials ?? false,
    forwardUnmatchedPreflights: policy.forwardNotMatchingPreflights ?? true,
    share: runtimeShareOf(policy.filterEnabled),
  };
}
