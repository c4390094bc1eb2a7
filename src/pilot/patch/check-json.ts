// Protobuf JSON as users write it, held against Envoy's messages: what they do not have, and where exactly it stands.
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence as FieldPresence, isWrapperDesc } from '@bufbuild/protobuf/wkt';

import { typedStructs } from './extension-type.ts';

/** Inside the value. */
export type ValuePath = readonly (string | number)[];

export interface ValueProblem {
  readonly path: ValuePath;
  /** An unknown field is left out and the rest counts, as in Istio; the others leave nothing to use. */
  readonly kind: 'unknown field' | 'invalid';
  /** What is wrong, completing "… ". */
  readonly what: string;
}

export interface CheckedJson {
  /** Without what is unknown. */
  readonly value: unknown;
  readonly problems: readonly ValueProblem[];
  /** Single values that are protobuf's defaults: to a merge they are as if not written. */
  readonly defaults: readonly ValuePath[];
}

/** More would only repeat it. */
const maxProblems = 20;

interface Walk {
  readonly registry: Registry;
  readonly problems: ValueProblem[];
  readonly defaults: ValuePath[];
}

export function checkJson(desc: DescMessage, value: unknown, registry: Registry): CheckedJson {
  const walk: Walk = { registry, problems: [], defaults: [] };
  return { value: checkMessage(walk, desc, value, []), problems: walk.problems, defaults: walk.defaults };
}

function report({ problems }: Walk, path: ValuePath, kind: ValueProblem['kind'], what: string): void {
  if (problems.length < maxProblems) problems.push({ path, kind, what });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const afterSlash = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1);

function checkMessage(walk: Walk, desc: DescMessage, value: unknown, path: ValuePath): unknown {
  if (desc.typeName === 'google.protobuf.Any') return checkAny(walk, value, path);
  if (!isObject(value)) {
    report(walk, path, 'invalid', `${desc.typeName} is expected, which is a map`);
    return value;
  }
  const known = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const field = desc.fields.find((one) => one.jsonName === key || one.name === key);
    // To protobuf null is what is not set, but for the one message that can hold it.
    if (field && inner === null && field.message?.typeName !== 'google.protobuf.Value') return [];
    if (field) return [[key, checkField(walk, field, inner, [...path, key])]];
    report(walk, [...path, key], 'unknown field', `${desc.typeName} has no field ${JSON.stringify(key.slice(0, 64))}`);
    return [];
  });
  return Object.fromEntries(known);
}

function checkField(outer: Walk, field: DescField, value: unknown, path: ValuePath): unknown {
  // What lists and maps are given is new, and whole: its defaults are what they say.
  const walk = field.fieldKind === 'list' || field.fieldKind === 'map' ? { ...outer, defaults: [] } : outer;
  const single = (item: unknown, at: ValuePath): unknown => {
    const { message, enum: values } = field;
    if (message && !isScalarLike(message)) return checkMessage(walk, message, item, at);
    const wrong = values ? enumProblem(values, item) : parseProblem(walk, field, item);
    if (wrong !== undefined) report(walk, at, 'invalid', wrong);
    else if (message ? isWrapperDesc(message) : field.presence === FieldPresence.IMPLICIT)
      noteDefault(walk, values && isZero(values, item) ? 0 : item, at);
    return item;
  };
  if (field.fieldKind === 'list' && Array.isArray(value)) return value.map((item, i) => single(item, [...path, i]));
  if (field.fieldKind === 'map' && isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, single(item, [...path, key])]));
  return field.fieldKind === 'list' || field.fieldKind === 'map' ? value : single(value, path);
}

function noteDefault({ defaults }: Walk, value: unknown, path: ValuePath): void {
  const isDefault = value === 0 || value === false || value === '';
  if (isDefault && defaults.length < maxProblems) defaults.push(path);
}

/** Of protobuf's own, whose JSON is of another form than their fields. */
const isScalarLike = ({ typeName }: DescMessage): boolean =>
  typeName.startsWith('google.protobuf.') && typeName !== 'google.protobuf.Any';

function enumProblem(desc: DescEnum, value: unknown): string | undefined {
  const known = desc.values.some(({ name, number }) => name === value || number === value);
  return known ? undefined : `${JSON.stringify(value)?.slice(0, 64)} is no value of ${desc.typeName}`;
}

const isZero = (desc: DescEnum, value: unknown): boolean =>
  value === 0 || desc.values.some(({ name, number }) => number === 0 && name === value);

/** What protobuf's parser says of this field alone. */
function parseProblem({ registry }: Walk, field: DescField, item: unknown): string | undefined {
  const value = field.fieldKind === 'list' ? [item] : field.fieldKind === 'map' ? { [mapKey(field)]: item } : item;
  try {
    fromJson(field.parent, { [field.jsonName]: value } as JsonObject, { registry });
    return undefined;
  } catch (thrown) {
    return (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 300);
  }
}

const mapKey = (field: DescField & { readonly fieldKind: 'map' }): string =>
  field.mapKey === ScalarType.STRING ? 'key' : field.mapKey === ScalarType.BOOL ? 'true' : '1';

function checkAny(walk: Walk, value: unknown, path: ValuePath): unknown {
  if (!isObject(value)) {
    report(walk, path, 'invalid', 'a configuration with @type is expected, which is a map');
    return value;
  }
  const { '@type': typeUrl, ...fields } = value;
  if (typeof typeUrl !== 'string' || typeUrl === '') {
    report(walk, [...path, '@type'], 'invalid', 'the type of the configuration is missing');
    return value;
  }
  const desc = walk.registry.getMessage(afterSlash(typeUrl));
  if (desc === undefined) {
    const older = /\.v2(?:alpha)?\./.test(typeUrl) ? '; use the message of v3' : '';
    report(walk, [...path, '@type'], 'invalid', `no message of Envoy's is known as ${typeUrl.slice(0, 200)}${older}`);
    return value;
  }
  if (isScalarLike(desc)) return value;
  const unwrapped = typedStructs.has(desc.typeName) ? unwrap(walk, fields, path) : undefined;
  if (unwrapped !== undefined) return unwrapped;
  const checked = checkMessage(walk, desc, fields, path);
  return isObject(checked) ? { '@type': typeUrl, ...checked } : value;
}

/**
 * What it stands for, as the message that Envoy makes of it: so it can be merged, and the embedded engine reads it. Undefined, and
 * the struct is passed through as it is, where its type is unknown here, or has fields that are.
 */
function unwrap(walk: Walk, fields: Readonly<Record<string, unknown>>, path: ValuePath): unknown {
  const typeUrl = fields.type_url ?? fields.typeUrl;
  const desc = typeof typeUrl === 'string' ? walk.registry.getMessage(afterSlash(typeUrl)) : undefined;
  const { value = {} } = fields;
  if (desc === undefined || isScalarLike(desc)) return undefined;
  const before = walk.problems.length;
  const message = checkMessage(walk, desc, value, [...path, 'value']);
  return walk.problems.length === before && isObject(message) ? { '@type': typeUrl, ...message } : undefined;
}
