// Options of HTTP/1.1 with which header names keep the case that they are written in.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { Http1ProtocolOptionsSchema } from '../../xds/generated/envoy/config/core/v3/protocol_pb.ts';
import { PreserveCaseFormatterConfigSchema } from '../../xds/generated/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.ts';

export function http1Options(preserveHeaderCase: boolean): MessageInitShape<typeof Http1ProtocolOptionsSchema> {
  if (!preserveHeaderCase) return {};
  const typedConfig = anyPack(PreserveCaseFormatterConfigSchema, create(PreserveCaseFormatterConfigSchema));
  return {
    headerKeyFormat: { headerFormat: { case: 'statefulFormatter', value: { name: 'preserve_case', typedConfig } } },
  };
}
