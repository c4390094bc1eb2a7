// HTTP filters that compress answers: one for each algorithm, the preferred one first.
import { create } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { BrotliSchema } from '../../../xds/generated/envoy/extensions/compression/brotli/compressor/v3/brotli_pb.ts';
import { GzipSchema } from '../../../xds/generated/envoy/extensions/compression/gzip/compressor/v3/gzip_pb.ts';
import { ZstdSchema } from '../../../xds/generated/envoy/extensions/compression/zstd/compressor/v3/zstd_pb.ts';
import { CompressorSchema } from '../../../xds/generated/envoy/extensions/filters/http/compressor/v3/compressor_pb.ts';
import type { Compression, CompressionAlgorithm } from '../../model/traffic-view.ts';
import type { HttpFilterFeature } from './http-filter-feature.ts';

const libraries: Readonly<Record<CompressionAlgorithm, () => Any>> = {
  GZIP: () => anyPack(GzipSchema, create(GzipSchema)),
  BROTLI: () => anyPack(BrotliSchema, create(BrotliSchema)),
  ZSTD: () => anyPack(ZstdSchema, create(ZstdSchema)),
};

export const compressors = ({ algorithms, contentTypes, minBytes }: Compression): readonly HttpFilterFeature[] =>
  algorithms.map((algorithm) => {
    const name = algorithm.toLowerCase();
    return {
      name: `envoy.filters.http.compressor/${name}`,
      config: () =>
        anyPack(
          CompressorSchema,
          create(CompressorSchema, {
            compressorLibrary: { name, typedConfig: libraries[algorithm]() },
            responseDirectionConfig: { commonConfig: { contentType: [...contentTypes], minContentLength: minBytes } },
          }),
        ),
    };
  });
