// Mesh settings → Envoy's file access logs: one for what is served, one for what no filter chain takes.
import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  type AccessLog,
  type AccessLogFilter,
  AccessLogFilterSchema,
  AccessLogSchema,
} from '../../xds/generated/envoy/config/accesslog/v3/accesslog_pb.ts';
import {
  type SubstitutionFormatString,
  SubstitutionFormatStringSchema,
} from '../../xds/generated/envoy/config/core/v3/substitution_format_string_pb.ts';
import { FileAccessLogSchema } from '../../xds/generated/envoy/extensions/access_loggers/file/v3/file_pb.ts';
import { ExpressionFilterSchema } from '../../xds/generated/envoy/extensions/access_loggers/filters/cel/v3/cel_pb.ts';
import type { JsonFormat } from '../model/mesh-settings.ts';
import type { AccessLogView } from '../model/proxy-view.ts';

const isObject = (value: JsonFormat): value is { readonly [key: string]: JsonFormat } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys sorted at every level: that is what keeps the bytes stable. */
function sortedJson(value: JsonFormat): JsonValue {
  if (isObject(value)) return sortedObject(value);
  return Array.isArray(value) ? value.map(sortedJson) : (value as JsonValue);
}

function sortedObject(value: { readonly [key: string]: JsonFormat }): JsonObject {
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortedJson(value[key] ?? null)]),
  );
}

function translateFormat({ format, omitEmptyValues }: AccessLogView): SubstitutionFormatString {
  return create(SubstitutionFormatStringSchema, {
    ...(omitEmptyValues && { omitEmptyValues }),
    format:
      format.kind === 'text'
        ? {
            case: 'textFormatSource',
            value: { specifier: { case: 'inlineString', value: format.template } },
          }
        : { case: 'jsonFormat', value: sortedObject(format.template) },
  });
}

/** What Envoy evaluates itself (envoy.access_loggers.extension_filters.cel). */
const expressionFilter = (expression: string): AccessLogFilter =>
  create(AccessLogFilterSchema, {
    filterSpecifier: {
      case: 'extensionFilter',
      value: {
        name: 'envoy.access_loggers.extension_filters.cel',
        configType: {
          case: 'typedConfig',
          value: anyPack(ExpressionFilterSchema, create(ExpressionFilterSchema, { expression })),
        },
      },
    },
  });

function fileAccessLog(log: AccessLogView, more: readonly AccessLogFilter[]): AccessLog {
  const config = create(FileAccessLogSchema, {
    path: log.path,
    accessLogFormat: { case: 'logFormat', value: translateFormat(log) },
  });
  const filters = [...more, ...(log.expression === undefined ? [] : [expressionFilter(log.expression)])];
  const [first] = filters;
  const filter =
    filters.length < 2
      ? first
      : create(AccessLogFilterSchema, { filterSpecifier: { case: 'andFilter', value: { filters } } });
  return create(AccessLogSchema, {
    name: 'envoy.access_loggers.file',
    configType: { case: 'typedConfig', value: anyPack(FileAccessLogSchema, config) },
    ...(filter === undefined ? {} : { filter }),
  });
}

/** For HTTP connection managers and TCP proxies. */
export const accessLogs = (logs: readonly AccessLogView[]): AccessLog[] => logs.map((log) => fileAccessLog(log, []));

/** For listeners: connections that no filter chain takes, and nothing else, or each would be logged twice. */
export const listenerAccessLogs = (logs: readonly AccessLogView[]): AccessLog[] =>
  logs.map((log) =>
    fileAccessLog(log, [
      create(AccessLogFilterSchema, { filterSpecifier: { case: 'responseFlagFilter', value: { flags: ['NR'] } } }),
    ]),
  );
