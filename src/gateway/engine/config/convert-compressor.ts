// compressor filters → how answers are compressed. Several of a chain have to agree in all but the algorithm.
import { isDeepStrictEqual } from 'node:util';
import { BrotliSchema } from '../../../xds/generated/envoy/extensions/compression/brotli/compressor/v3/brotli_pb.ts';
import { GzipSchema } from '../../../xds/generated/envoy/extensions/compression/gzip/compressor/v3/gzip_pb.ts';
import { ZstdSchema } from '../../../xds/generated/envoy/extensions/compression/zstd/compressor/v3/zstd_pb.ts';
import type { Compressor } from '../../../xds/generated/envoy/extensions/filters/http/compressor/v3/compressor_pb.ts';
import type { Compression, ContentCoding } from './compression-config.ts';
import type { Findings } from './findings.ts';
import { extensionType } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const fields = new Set(['compressorLibrary', 'responseDirectionConfig']);
const responseFields = new Set(['commonConfig']);
const commonFields = new Set(['minContentLength', 'contentType']);

const codings: ReadonlyMap<string, ContentCoding> = new Map([
  [GzipSchema.typeName, 'gzip'],
  [BrotliSchema.typeName, 'br'],
  [ZstdSchema.typeName, 'zstd'],
]);
/** Envoy 1.40's. */
const usualTypes = [
  ...['application/javascript', 'application/json', 'application/xhtml+xml', 'image/svg+xml'],
  ...['text/css', 'text/html', 'text/plain', 'text/xml', 'text/javascript', 'application/xml'],
  ...['application/x-javascript', 'application/ecmascript', 'application/grpc-web'],
];
const usualMinLength = 30;

/** Undefined: nothing is compressed by it. */
export function convertCompressor(config: Compressor, findings: Findings): Compression | undefined {
  warnUnhandledFields(config, fields, findings);
  const type = extensionType(config.compressorLibrary?.typedConfig);
  const coding = codings.get(type);
  if (coding === undefined) {
    findings.warn(
      `compressor library '${config.compressorLibrary?.name}' (${type}) is not supported: it has no effect`,
    );
    return undefined;
  }
  const response = config.responseDirectionConfig;
  if (response) warnUnhandledFields(response, responseFields, findings);
  const common = response?.commonConfig;
  if (common) warnUnhandledFields(common, commonFields, findings);
  const types = common?.contentType ?? [];
  return {
    codings: [coding],
    contentTypes: new Set((types.length > 0 ? types : usualTypes).map((one) => one.toLowerCase())),
    minContentLength: common?.minContentLength ?? usualMinLength,
  };
}

export function joinCompressions(all: readonly Compression[], findings: Findings): Compression | undefined {
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  const { codings: _own, ...settings } = first;
  const alike = others.filter(({ codings: _theirs, ...rest }) => isDeepStrictEqual(rest, settings));
  if (alike.length < others.length)
    findings.warn('compressor filters that differ in more than their library are not supported: the first counts');
  return { ...settings, codings: [...new Set([first, ...alike].flatMap((one) => one.codings))] };
}
