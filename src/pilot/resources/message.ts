// The ground all parsers stand on: one map of the user's object, its place, and the table that says which of its fields are served.
import type { Diagnostic, ResourceRef, Severity } from '../../lib/diagnostic.ts';
import type { DiagnosticCode } from '../../lib/diagnostic-codes.ts';
import { type FieldPath, formatFieldPath, type Origin } from './resource.ts';
import { suggestName } from './suggest-name.ts';

/** An object reports at most this many problems one by one; the rest is counted. */
export const MAX_DIAGNOSTICS_PER_OBJECT = 100;

/** What one field of the API means to Tidegate. Moving a field to `served` is how an issue starts to support it. */
export type FieldRule =
  | { readonly kind: 'served' }
  /** Part of the API and of no interest to a gateway (`status`, `managedFields`): never mentioned. */
  | { readonly kind: 'ignored' }
  /** TG0006; listed in `Message.unsupported`, so that the parser can let its rule fail instead of widening it. */
  | { readonly kind: 'unsupported'; readonly instead: string }
  /** Reported, and nothing depends on it: TG0006 where a later version may serve it, TG0008 where it means nothing here. */
  | { readonly kind: 'withoutEffect'; readonly code: 'TG0008'; readonly instead: string };

/** All fields that the API has in one message, by name; `any` where unknown ones are none of our business (Pods). */
export type FieldTable = Readonly<Record<string, FieldRule>> | 'any';

export const served: FieldRule = { kind: 'served' };
export const ignored: FieldRule = { kind: 'ignored' };

/** `instead` is a whole sentence about what happens to traffic. */
export function unsupported(instead: string): FieldRule {
  return { kind: 'unsupported', instead };
}

export function noEffectHere(instead: string): FieldRule {
  return { kind: 'withoutEffect', code: 'TG0008', instead };
}

export function tableOf(names: readonly string[], rule: FieldRule): Readonly<Record<string, FieldRule>> {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

/** One object while it is parsed. */
export interface ParseContext {
  readonly resource: ResourceRef;
  readonly origin: Origin;
  readonly diagnostics: Diagnostic[];
  /** Custom resources refuse null where Kubernetes' own kinds take it as not set. */
  readonly reportNull: boolean;
  /** How many reports were dropped over the limit. */
  dropped: number;
}

export interface Message {
  readonly context: ParseContext;
  readonly path: FieldPath;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Fields given that are not served. */
  readonly unsupported: readonly string[];
  /** Served fields whose value cannot be used; filled while the fields are read. */
  readonly broken: Set<string>;
}

export interface Problem {
  readonly severity: Severity;
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly remedy: string;
}

export function report(context: ParseContext, path: FieldPath, problem: Problem): void {
  if (context.diagnostics.length >= MAX_DIAGNOSTICS_PER_OBJECT) {
    context.dropped += 1;
    return;
  }
  const location = context.origin.locate(path);
  const shown = formatFieldPath(path);
  context.diagnostics.push({
    ...problem,
    resource: context.resource,
    ...(shown === '' ? {} : { path: shown }),
    ...(location ?? {}),
  });
}

/** IST0106: a value that the API does not allow. `consequence` is a sentence. */
export function reportInvalid(
  context: ParseContext,
  path: FieldPath,
  what: string,
  consequence: string,
  remedy: string,
): void {
  report(context, path, {
    severity: 'error',
    code: 'IST0106',
    message: `${nameOf(path)} ${what}. ${consequence}`,
    remedy,
  });
}

/** The field a path ends at, as a sentence begins: the whole path stands in the Diagnostic beside it. */
function nameOf(path: FieldPath): string {
  const last = path.at(-1);
  if (last === undefined) return 'The object';
  if (typeof last === 'string') return last;
  const list = path.at(-2);
  return list === undefined ? `Entry ${last}` : `${list}[${last}]`;
}

/** The map of fields at `path`, its unknown and unserved fields reported. Undefined (and reported) where it is no map. */
export function openMessage(
  context: ParseContext,
  path: FieldPath,
  value: unknown,
  table: FieldTable,
): Message | undefined {
  if (!isRecord(value)) {
    reportInvalid(
      context,
      path,
      `is ${describe(value)} where a map is expected`,
      'It is left out.',
      'Write a map here.',
    );
    return undefined;
  }
  return openFields(context, path, value, table);
}

/** As openMessage, for a map already known to be one. */
export function openFields(
  context: ParseContext,
  path: FieldPath,
  fields: Readonly<Record<string, unknown>>,
  table: FieldTable,
): Message {
  const unserved: string[] = [];
  if (table === 'any') return { context, path, fields, unsupported: unserved, broken: new Set() };
  for (const name of Object.keys(fields)) {
    const rule = Object.hasOwn(table, name) ? table[name] : undefined;
    if (rule === undefined) reportUnknown(context, [...path, name], name, table);
    else if (reportUnserved(context, [...path, name], name, fields[name], rule)) unserved.push(name);
  }
  return { context, path, fields, unsupported: unserved, broken: new Set() };
}

function reportUnknown(context: ParseContext, path: FieldPath, name: string, table: object): void {
  const isListed = context.diagnostics.length < MAX_DIAGNOSTICS_PER_OBJECT;
  const suggestion = isListed ? suggestName(name, Object.keys(table)) : undefined;
  report(context, path, {
    severity: 'warning',
    code: 'TG0007',
    message: `The API has no field ${shorten(name)} here. It is ignored, as Kubernetes would drop it.`,
    remedy: suggestion === undefined ? 'Remove it.' : `Did you mean ${suggestion}?`,
  });
}

/** True where the field counts as unsupported. */
function reportUnserved(
  context: ParseContext,
  path: FieldPath,
  name: string,
  value: unknown,
  rule: FieldRule,
): boolean {
  if (rule.kind === 'served' || rule.kind === 'ignored' || value === null || value === undefined) return false;
  if (Array.isArray(value) && value.length === 0) return false;
  const code = rule.kind === 'unsupported' ? 'TG0006' : rule.code;
  report(context, path, {
    severity: code === 'TG0008' ? 'info' : 'warning',
    code,
    message:
      code === 'TG0008' ? `${name} has no effect here. ${rule.instead}` : `${name} is not served yet. ${rule.instead}`,
    remedy: code === 'TG0008' ? 'Remove it.' : `Remove it, or wait for a version that serves ${name}.`,
  });
  return rule.kind === 'unsupported';
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The type of a value in words; never the value itself, which may be a secret. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'true or false';
  return 'a number';
}

/** A user's word in quotes, cut so that a message stays a line. */
export function shorten(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 61)}...` : text);
}
