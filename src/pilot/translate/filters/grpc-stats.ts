// HTTP filter: counts gRPC calls; changes nothing on the way.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { FilterConfigSchema } from '../../../xds/generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

export const grpcStats: HttpFilterFeature = {
  name: 'envoy.filters.http.grpc_stats',
  // Unset, statistics are of all methods together, as Istio sets it.
  config: () => anyPack(FilterConfigSchema, create(FilterConfigSchema, { emitFilterState: true })),
};
