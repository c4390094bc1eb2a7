// access_log of listeners, connection managers and TCP proxies → what the engine logs.
import type {
  AccessLog,
  AccessLogFilter,
  ExtensionFilter,
} from '../../../xds/generated/envoy/config/accesslog/v3/accesslog_pb.ts';
import type { SubstitutionFormatString } from '../../../xds/generated/envoy/config/core/v3/substitution_format_string_pb.ts';
import {
  type FileAccessLog,
  FileAccessLogSchema,
} from '../../../xds/generated/envoy/extensions/access_loggers/file/v3/file_pb.ts';
import { ExpressionFilterSchema } from '../../../xds/generated/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.ts';
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '../../../xds/generated/envoy/extensions/access_loggers/stream/v3/stream_pb.ts';
import { compileAccessLogFormat, defaultTextFormat } from '../access-log/compile-access-log-format.ts';
import { compileExpression } from '../access-log/compile-expression.ts';
import { filterableFlags } from '../access-log/response-flag-names.ts';
import type { AccessLogCondition, AccessLogConfig } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { readDataText } from './read-data-source.ts';
import { extensionType, unpackAny } from './unpack-any.ts';
import { snakeCase } from './warn-unhandled-fields.ts';

type Format = AccessLogConfig['format'];

/** Logs of a kind that the engine does not have are left out with a warning: they change nothing for clients. */
export function convertAccessLogs(
  logs: readonly AccessLog[],
  owner: string,
  findings: Findings,
): readonly AccessLogConfig[] {
  return logs.flatMap((log, index) => convertAccessLog(log, findings.within(owner, `AccessLog[${index}]`)) ?? []);
}

function convertAccessLog(log: AccessLog, findings: Findings): AccessLogConfig | undefined {
  const target = readTarget(log, findings);
  if (target === undefined) return undefined;
  const compiled = compileAccessLogFormat(target.format);
  if (compiled.kind === 'error') {
    findings.reject(compiled.error);
    return undefined;
  }
  for (const operator of compiled.unsupported)
    findings.warn(`the embedded engine has no value for %${operator}%: it is logged as absent`);
  const conditions = readConditions(log.filter, findings.within('AccessLog', 'Filter'));
  return { path: target.path, format: target.format, conditions };
}

function readTarget(log: AccessLog, findings: Findings): { path: string; format: Format } | undefined {
  const any = log.configType.case === 'typedConfig' ? log.configType.value : undefined;
  const file = unpackAny(any, FileAccessLogSchema, findings);
  if (file) {
    if (file.path === '') findings.constraint('FileAccessLog', 'Path', 'value length must be at least 1 characters');
    return { path: file.path, format: readFileFormat(file, findings) };
  }
  const stdout = unpackAny(any, StdoutAccessLogSchema, findings);
  if (stdout) return { path: '/dev/stdout', format: readFormat(stdout.accessLogFormat.value, findings) };
  const stderr = unpackAny(any, StderrAccessLogSchema, findings);
  if (stderr) return { path: '/dev/stderr', format: readFormat(stderr.accessLogFormat.value, findings) };
  if (findings.errors.length === 0)
    findings.warn(`access log '${log.name}' (${extensionType(any)}) is not supported by the embedded engine`);
  return undefined;
}

function readFileFormat(file: FileAccessLog, findings: Findings): Format {
  const { accessLogFormat } = file;
  switch (accessLogFormat.case) {
    case 'logFormat':
      return readFormat(accessLogFormat.value, findings);
    case 'format':
      return { kind: 'text', template: accessLogFormat.value || defaultTextFormat };
    case 'jsonFormat':
    case 'typedJsonFormat':
      return { kind: 'json', template: accessLogFormat.value };
    case undefined:
      return { kind: 'text', template: defaultTextFormat };
  }
}

function readFormat(format: SubstitutionFormatString | undefined, findings: Findings): Format {
  if (format === undefined) return { kind: 'text', template: defaultTextFormat };
  const omitEmptyValues = format.omitEmptyValues;
  switch (format.format.case) {
    case 'jsonFormat':
      return { kind: 'json', template: format.format.value, omitEmptyValues };
    case 'textFormat':
      return { kind: 'text', template: format.format.value, omitEmptyValues };
    case 'textFormatSource':
      return { kind: 'text', template: readDataText(format.format.value, findings), omitEmptyValues };
    case undefined:
      findings.required('SubstitutionFormatString', 'format');
      return { kind: 'text', template: '' };
  }
}

/** A filter that the engine cannot judge lets everything through, and that is said. */
function readConditions(filter: AccessLogFilter | undefined, findings: Findings): readonly AccessLogCondition[] {
  if (filter === undefined) return [];
  const specifier = filter.filterSpecifier;
  switch (specifier.case) {
    case 'responseFlagFilter': {
      const { flags } = specifier.value;
      for (const [index, flag] of flags.entries())
        if (!filterableFlags.has(flag))
          findings.constraint(
            'ResponseFlagFilter',
            `Flags[${index}]`,
            `value must be in list [${[...filterableFlags].join(' ')}]`,
          );
      return [{ kind: 'response-flags', flags }];
    }
    case 'andFilter':
      return specifier.value.filters.flatMap((part) => readConditions(part, findings));
    case 'extensionFilter':
      return readExpression(specifier.value, findings);
    case undefined:
      findings.required('AccessLogFilter', 'filter_specifier');
      return [];
    default:
      findings.warn(`${snakeCase(specifier.case)} is not supported by the embedded engine: every request is logged`);
      return [];
  }
}

function readExpression(filter: ExtensionFilter, findings: Findings): readonly AccessLogCondition[] {
  const any = filter.configType.case === 'typedConfig' ? filter.configType.value : undefined;
  const config = unpackAny(any, ExpressionFilterSchema, findings);
  if (config === undefined) {
    if (findings.errors.length === 0)
      findings.warn(`${extensionType(any)} is not supported by the embedded engine: every request is logged`);
    return [];
  }
  const { expression } = config;
  const compiled = compileExpression(expression);
  if (compiled.kind === 'error') {
    findings.reject(`Not able to parse filter expression: ${compiled.error}`);
    return [];
  }
  for (const name of compiled.unsupported)
    findings.warn(`the embedded engine has no value for ${name}: what an expression asks of it fails`);
  return [{ kind: 'expression', expression }];
}
