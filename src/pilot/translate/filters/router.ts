// HTTP filter: forwards to the cluster that the route names. Always last.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { RouterSchema } from '../../../xds/generated/envoy/extensions/filters/http/router/v3/router_pb.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

/** Without debug headers endpoints and clients are told nothing that only explains. */
export const router = (debugHeaders: boolean): HttpFilterFeature => ({
  name: 'envoy.filters.http.router',
  config: () => anyPack(RouterSchema, create(RouterSchema, { suppressEnvoyHeaders: !debugHeaders })),
});
