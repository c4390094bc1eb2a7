// HTTP filter: delays and aborts requests where a route's own configuration asks for it.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { HTTPFaultSchema } from '../../../xds/generated/envoy/extensions/filters/http/fault/v3/fault_pb.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

export const fault: HttpFilterFeature = {
  name: 'envoy.filters.http.fault',
  config: () => anyPack(HTTPFaultSchema, create(HTTPFaultSchema)),
};
