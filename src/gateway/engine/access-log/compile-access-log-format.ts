// Last step of a request: turns what is known of it into its access log line, by Envoy's command operators.
import type { AccessLogConfig, JsonTemplate } from '../config/engine-config.ts';
import type { RequestInfo } from '../config/request-info.ts';
import { compileTemplate, processEnvironment, type TemplatePart } from './compile-template.ts';
import { keepOnLine } from './header-value.ts';
import { type OperatorEnvironment, operatorText } from './operators.ts';

/** A whole line; Envoy adds no line feed to a text template, and one to JSON. */
export type FormatAccessLog = (info: RequestInfo) => string;

export type CompiledAccessLogFormat =
  | {
      readonly kind: 'ok';
      readonly format: FormatAccessLog;
      /** Operators of Envoy's that the engine has no value for (always `-` or null). */
      readonly unsupported: readonly string[];
    }
  /** As Envoy words it; the reason of a NACK. */
  | { readonly kind: 'error'; readonly error: string };

/** Envoy's own format, where a log has none. */
export const defaultTextFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** Never throws: a template that Envoy would refuse is an error with Envoy's text. */
export function compileAccessLogFormat(
  format: AccessLogConfig['format'],
  environment: Partial<OperatorEnvironment> = {},
): CompiledAccessLogFormat {
  const compiler: Compiler = {
    environment: { ...processEnvironment, ...environment },
    omitEmpty: format.omitEmptyValues ?? false,
    errors: [],
    unsupported: new Set(),
  };
  const line =
    format.kind === 'text' ? compileText(format.template, compiler) : compileJsonLine(format.template, compiler);
  const [error] = compiler.errors;
  if (error !== undefined) return { kind: 'error', error };
  return { kind: 'ok', format: line, unsupported: [...compiler.unsupported].sort() };
}

interface Compiler {
  readonly environment: OperatorEnvironment;
  readonly omitEmpty: boolean;
  /** Only the first one is told, as Envoy does. */
  readonly errors: string[];
  readonly unsupported: Set<string>;
}

function compileParts(template: string, compiler: Compiler): readonly TemplatePart[] {
  const compiled = compileTemplate(template, compiler.environment);
  if (compiled.kind === 'error') {
    compiler.errors.push(compiled.error);
    return [];
  }
  for (const name of compiled.unsupported) compiler.unsupported.add(name);
  return compiled.parts;
}

function compileText(template: string, compiler: Compiler): FormatAccessLog {
  const parts = compileParts(template, compiler);
  const absent = compiler.omitEmpty ? '' : '-';
  return (info) => {
    let line = '';
    for (const part of parts) {
      if (typeof part === 'string') {
        line += part;
        continue;
      }
      const value = part(info);
      line += typeof value === 'string' ? keepOnLine(value) : (operatorText(value) ?? absent);
    }
    return line;
  };
}

/** JSON text of one value; undefined where there is none. */
type FormatJson = (info: RequestInfo) => string | undefined;

/** Nested deeper than this a template is refused: protobuf's own limit for messages. */
const maxDepth = 100;

function compileJsonLine(template: JsonTemplate, compiler: Compiler): FormatAccessLog {
  const format = compileJson(template, compiler, 0);
  return (info) => `${format(info) ?? 'null'}\n`;
}

function compileJson(template: JsonTemplate, compiler: Compiler, depth: number): FormatJson {
  if (depth > maxDepth) {
    compiler.errors.push(`Access log format is nested more than ${maxDepth} levels deep`);
    return () => undefined;
  }
  if (typeof template === 'string') return compileJsonString(template, compiler);
  if (isList(template)) return compileJsonList(template, compiler, depth);
  if (typeof template === 'object' && template !== null) return compileJsonObject(template, compiler, depth);
  const literal = JSON.stringify(template);
  return () => literal;
}

const isList = (template: JsonTemplate): template is readonly JsonTemplate[] => Array.isArray(template);

/** A single operator keeps its type, a mixture is a string. */
function compileJsonString(template: string, compiler: Compiler): FormatJson {
  const parts = compileParts(template, compiler);
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'function')
    return (info) => {
      const value = first(info);
      if (typeof value === 'object') return value.json;
      return value === undefined ? undefined : JSON.stringify(value);
    };
  const absent = compiler.omitEmpty ? '' : '-';
  return (info) =>
    JSON.stringify(
      parts.map((part) => (typeof part === 'string' ? part : (operatorText(part(info)) ?? absent))).join(''),
    );
}

function compileJsonList(template: readonly JsonTemplate[], compiler: Compiler, depth: number): FormatJson {
  const values = template.map((value) => compileJson(value, compiler, depth + 1));
  return (info) => {
    const shown: string[] = [];
    for (const value of values) {
      const text = value(info);
      if (text !== undefined || !compiler.omitEmpty) shown.push(text ?? 'null');
    }
    return `[${shown.join(',')}]`;
  };
}

/** Keys in sorted order: a Struct has none of its own. */
function compileJsonObject(
  template: { readonly [key: string]: JsonTemplate },
  compiler: Compiler,
  depth: number,
): FormatJson {
  const fields = Object.keys(template)
    .sort()
    .map((key): [string, FormatJson] => [JSON.stringify(key), compileJson(template[key] ?? null, compiler, depth + 1)]);
  return (info) => {
    const shown: string[] = [];
    for (const [key, value] of fields) {
      const text = value(info);
      if (text !== undefined || !compiler.omitEmpty) shown.push(`${key}:${text ?? 'null'}`);
    }
    return `{${shown.join(',')}}`;
  };
}
