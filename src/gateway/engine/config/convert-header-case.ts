// Options of HTTP/1.1 → whether header names keep the case that they are written in.
import type { Http1ProtocolOptions } from '../../../xds/generated/envoy/config/core/v3/protocol_pb.ts';
import { PreserveCaseFormatterConfigSchema } from '../../../xds/generated/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.ts';
import type { Findings } from './findings.ts';
import { unpackAny } from './unpack-any.ts';
import { warnUnhandledFields } from './warn-unhandled-fields.ts';

const fields = new Set(['headerKeyFormat']);
const noFields: ReadonlySet<string> = new Set();

export function preservesHeaderCase(options: Http1ProtocolOptions | undefined, findings: Findings): boolean {
  if (options === undefined) return false;
  warnUnhandledFields(options, fields, findings.within('HttpProtocolOptions', 'Http1'));
  const format = options.headerKeyFormat?.headerFormat;
  if (format === undefined || format.case === undefined) return false;
  const config =
    format.case === 'statefulFormatter'
      ? unpackAny(format.value.typedConfig, PreserveCaseFormatterConfigSchema, findings)
      : undefined;
  if (config === undefined) {
    findings.warn('the embedded engine knows no format of header names but preserve_case: it has no effect');
    return false;
  }
  warnUnhandledFields(config, noFields, findings);
  return true;
}
