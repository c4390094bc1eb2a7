// HTTP filter that holds a request back until its body is there, and refuses one that is too long.
import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { BufferSchema } from '../../../xds/generated/envoy/extensions/filters/http/buffer/v3/buffer_pb.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

export const buffer = (maxRequestBytes: number): HttpFilterFeature => ({
  name: 'envoy.filters.http.buffer',
  config: () => anyPack(BufferSchema, create(BufferSchema, { maxRequestBytes })),
});
