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
import type { AccessLogFormat, JsonFormat, MeshSettings } from '../model/mesh-settings.ts';

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

function translateFormat(format: AccessLogFormat): SubstitutionFormatString {
  return create(SubstitutionFormatStringSchema, {
    format:
      format.kind === 'text'
        ? {
            case: 'textFormatSource',
            value: { specifier: { case: 'inlineString', value: format.template } },
          }
        : { case: 'jsonFormat', value: sortedObject(format.template) },
  });
}

function fileAccessLog(mesh: MeshSettings, filter: AccessLogFilter | undefined): AccessLog[] {
  if (mesh.accessLog === undefined) return [];
  const config = create(FileAccessLogSchema, {
    path: mesh.accessLog.path,
    accessLogFormat: { case: 'logFormat', value: translateFormat(mesh.accessLog.format) },
  });
  return [
    create(AccessLogSchema, {
      name: 'envoy.access_loggers.file',
      configType: { case: 'typedConfig', value: anyPack(FileAccessLogSchema, config) },
      ...(filter === undefined ? {} : { filter }),
    }),
  ];
}

/** For HTTP connection managers and TCP proxies. */
export const accessLogs = (mesh: MeshSettings): AccessLog[] => fileAccessLog(mesh, undefined);

/** For listeners: connections that no filter chain takes, and nothing else, or each would be logged twice. */
export const listenerAccessLogs = (mesh: MeshSettings): AccessLog[] =>
  fileAccessLog(
    mesh,
    create(AccessLogFilterSchema, {
      filterSpecifier: { case: 'responseFlagFilter', value: { flags: ['NR'] } },
    }),
  );
