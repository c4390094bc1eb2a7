// A route's own configuration of HTTP filters (typed_per_filter_config); whatever is not supported is warned of.
import type { Any } from '@bufbuild/protobuf/wkt';
import { CorsPolicySchema } from '../../../xds/generated/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import { HTTPFaultSchema } from '../../../xds/generated/envoy/extensions/filters/http/fault/v3/fault_pb.ts';
import { LocalRateLimitSchema } from '../../../xds/generated/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts';
import { scopedLowerCaseFilter, scopedWildcardFilter } from '../../../xds/resource-names.ts';
import { convertCors } from './convert-cors.ts';
import { convertFault } from './convert-fault.ts';
import { convertLocalRateLimit } from './convert-local-rate-limit.ts';
import type { LocalRateLimit, Route, VirtualHost } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { extensionType, unpackAny } from './unpack-any.ts';

export type PerFilterConfig = Pick<Route, 'fault' | 'cors' | 'rateLimits'>;

type Configs = Readonly<Record<string, Any>>;

/** `where` the route stands. */
export function convertPerFilterConfig(configs: Configs, where: string, findings: Findings): PerFilterConfig {
  const { rateLimits, others } = takeRateLimits(configs, where, findings);
  const converted = others.map(([name, any]) => convertOne(name, any, findings));
  return Object.assign({ ...(rateLimits && { rateLimits }) }, ...converted);
}

/** Of a virtual host: rate limits only. */
export function convertHostFilterConfig(
  configs: Configs,
  where: string,
  findings: Findings,
): Pick<VirtualHost, 'rateLimits'> {
  const { rateLimits, others } = takeRateLimits(configs, where, findings);
  for (const [name, any] of others)
    findings.warn(
      `the virtual host's configuration of '${name}' (${extensionType(any)}) is not supported by the embedded engine: it has no effect`,
    );
  return rateLimits ? { rateLimits } : {};
}

function takeRateLimits(configs: Configs, where: string, findings: Findings) {
  const limits = new Map<string, LocalRateLimit | 'off'>();
  const others: (readonly [string, Any])[] = [];
  for (const [name, any] of Object.entries(configs)) {
    // The gateway's own look-up, which is done here by other means.
    if (name === scopedLowerCaseFilter || name === scopedWildcardFilter) continue;
    const config = unpackAny(any, LocalRateLimitSchema, findings);
    if (config === undefined) others.push([name, any]);
    else limits.set(name, convertLocalRateLimit(config, `${where} ${name}`, findings) ?? 'off');
  }
  return { rateLimits: limits.size === 0 ? undefined : limits, others };
}

function convertOne(name: string, any: Any, findings: Findings): PerFilterConfig {
  const inside = findings.within('Route', `TypedPerFilterConfig[${name}]`);
  const fault = unpackAny(any, HTTPFaultSchema, findings);
  if (fault) return { fault: convertFault(fault, inside) };
  const cors = unpackAny(any, CorsPolicySchema, findings);
  if (cors) return { cors: convertCors(cors, inside) };
  findings.warn(
    `the route's configuration of '${name}' (${extensionType(any)}) is not supported by the embedded engine: it has no effect`,
  );
  return {};
}
