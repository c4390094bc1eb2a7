// HTTP filter: answers preflights and adds CORS headers where a route's own configuration asks for it.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { CorsSchema } from '../../../xds/generated/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

export const cors: HttpFilterFeature = {
  name: 'envoy.filters.http.cors',
  config: () => anyPack(CorsSchema, create(CorsSchema)),
};
