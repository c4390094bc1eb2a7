// A route's own configuration of HTTP filters (typed_per_filter_config); whatever is not supported is warned of.
import type { Any } from '@bufbuild/protobuf/wkt';
import { CorsPolicySchema } from '../../../xds/generated/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import { HTTPFaultSchema } from '../../../xds/generated/envoy/extensions/filters/http/fault/v3/fault_pb.ts';
import { convertCors } from './convert-cors.ts';
import { convertFault } from './convert-fault.ts';
import type { Route } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { extensionType, unpackAny } from './unpack-any.ts';

export type PerFilterConfig = Pick<Route, 'fault' | 'cors'>;

export function convertPerFilterConfig(configs: Readonly<Record<string, Any>>, findings: Findings): PerFilterConfig {
  const converted = Object.entries(configs).map(([name, any]) => convertOne(name, any, findings));
  return Object.assign({}, ...converted);
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
