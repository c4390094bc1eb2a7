// HTTP filter: makes gRPC of gRPC-Web, for servers with protocol GRPC-WEB.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { GrpcWebSchema } from '../../../xds/generated/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

export const grpcWeb: HttpFilterFeature = {
  name: 'envoy.filters.http.grpc_web',
  config: () => anyPack(GrpcWebSchema, create(GrpcWebSchema)),
};
