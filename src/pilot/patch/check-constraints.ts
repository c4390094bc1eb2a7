// The rules that stand in Envoy's protos (protoc-gen-validate), which Envoy refuses a resource by: checked before it sees it.
import {
  type DescField,
  type DescMessage,
  type DescOneof,
  fromBinary,
  fromJson,
  getOption,
  hasOption,
  type Message,
} from '@bufbuild/protobuf';
import { isReflectMessage, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import {
  type Any,
  type Duration,
  DurationSchema,
  FeatureSet_FieldPresence as FieldPresence,
  isWrapperDesc,
} from '@bufbuild/protobuf/wkt';
import { extensionTypes } from '../../xds/extension-types.ts';
import {
  disabled,
  type FieldRules,
  required as oneofRequired,
  rules as rulesOption,
} from '../../xds/generated/validate/validate_pb.ts';
import type { TypedStruct } from '../../xds/generated/xds/type/v3/typed_struct_pb.ts';
import { messageProblem } from './check-message-rules.ts';
import { durationProblem, enumProblem, scalarProblem } from './check-value-rules.ts';
import { typedStructs } from './extension-type.ts';

/** `filterChains[0].filters[1].name: value length must be at least 1 characters`. */
export type Violation = string;

/** Enough to tell a good resource from a bad one. */
const maxViolations = 20;

interface MessageRules {
  readonly oneofs: readonly DescOneof[];
  readonly fields: readonly { readonly field: DescField; readonly rules: FieldRules | undefined }[];
}

/** Reading options is slow, and they never change. */
const known = new WeakMap<DescMessage, MessageRules>();

function rulesOf(desc: DescMessage): MessageRules {
  const found = known.get(desc);
  if (found) return found;
  const isChecked = !getOption(desc, disabled);
  const made: MessageRules = {
    oneofs: isChecked ? desc.oneofs.filter((oneof) => getOption(oneof, oneofRequired)) : [],
    fields: (isChecked ? desc.fields : []).map((field) => ({
      field,
      rules: hasOption(field, rulesOption) ? getOption(field, rulesOption) : undefined,
    })),
  };
  known.set(desc, made);
  return made;
}

export function checkConstraints(desc: DescMessage, message: Message): readonly Violation[] {
  const violations: Violation[] = [];
  checkMessage(reflect(desc, message), '', (violation) => {
    if (violations.length < maxViolations) violations.push(violation);
  });
  return violations;
}

type Report = (violation: Violation) => void;

function checkMessage(message: ReflectMessage, path: string, report: Report): void {
  const { desc } = message;
  if (desc.typeName === 'google.protobuf.Any') checkAny(message.message as Any, path, report);
  if (desc.typeName.startsWith('google.protobuf.')) return;
  if (typedStructs.has(desc.typeName)) checkTypedStruct(message.message as TypedStruct, path, report);
  const { oneofs, fields } = rulesOf(desc);
  const problem = messageProblem(message.message);
  if (problem !== undefined) report(path === '' ? problem : `${path}: ${problem}`);
  for (const oneof of oneofs)
    if (message.oneofCase(oneof) === undefined) report(`${join(path, oneof.name)}: is required`);
  for (const { field, rules } of fields) {
    // Most of a message is not set, and most fields may be that.
    if (rules !== undefined || message.isSet(field)) checkField(message, field, rules, join(path, field.name), report);
  }
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function checkAny(any: Any, path: string, report: Report): void {
  const desc = extensionTypes().getMessage(any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1));
  if (desc === undefined) return;
  try {
    checkMessage(reflect(desc, fromBinary(desc, any.value)), path, report);
  } catch {
    report(`${path}: is no ${desc.typeName}`);
  }
}

/** Envoy makes the message of it that it stands for. */
function checkTypedStruct({ typeUrl, value }: TypedStruct, path: string, report: Report): void {
  if (typeUrl === '') report(`${path}.type_url: is missing`);
  const desc = extensionTypes().getMessage(typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
  if (desc === undefined) return;
  try {
    const registry = extensionTypes();
    const message = fromJson(desc, value ?? {}, { registry, ignoreUnknownFields: true });
    checkMessage(reflect(desc, message), `${path}.value`, report);
  } catch (thrown) {
    report(`${path}.value: ${thrown instanceof Error ? thrown.message.slice(0, 300) : String(thrown)}`);
  }
}

function checkField(
  message: ReflectMessage,
  field: DescField,
  rules: FieldRules | undefined,
  path: string,
  report: Report,
): void {
  switch (field.fieldKind) {
    case 'list':
      checkList(field, [...message.get(field)], rules, path, report);
      return;
    case 'map': {
      const map = message.get(field);
      const pairs = rules?.type.case === 'map' ? rules.type.value : undefined;
      if (pairs && map.size < Number(pairs.minPairs))
        report(`${path}: value must contain at least ${pairs.minPairs} pair(s)`);
      for (const [key, value] of map) {
        const at = `${path}[${JSON.stringify(key)}]`;
        tell(scalarProblem(pairs?.keys, key), at, report);
        checkSingle(field, value, pairs?.values, at, report);
      }
      return;
    }
    case 'message':
      if (message.isSet(field)) checkSingle(field, message.get(field), rules, path, report);
      else if (field.oneof === undefined && isRequired(rules)) report(`${path}: value is required`);
      return;
    default:
      // Without presence, what is not set has its default, and is held against the rules as that.
      if (message.isSet(field) || (field.presence === FieldPresence.IMPLICIT && field.oneof === undefined))
        checkSingle(field, message.get(field), rules, path, report);
  }
}

function checkList(
  field: DescField,
  list: readonly unknown[],
  rules: FieldRules | undefined,
  path: string,
  report: Report,
): void {
  const repeated = rules?.type.case === 'repeated' ? rules.type.value : undefined;
  if (repeated && list.length < Number(repeated.minItems))
    report(`${path}: value must contain at least ${repeated.minItems} item(s)`);
  if (repeated && Object.hasOwn(repeated, 'maxItems') && list.length > Number(repeated.maxItems))
    report(`${path}: value must contain no more than ${repeated.maxItems} item(s)`);
  if (repeated?.unique && new Set(list).size < list.length) report(`${path}: value must contain unique items`);
  for (const [i, item] of list.entries()) checkSingle(field, item, repeated?.items, `${path}[${i}]`, report);
}

const isRequired = (rules: FieldRules | undefined): boolean =>
  rules?.message?.required === true ||
  ((rules?.type.case === 'duration' || rules?.type.case === 'any') && rules.type.value.required);

function checkSingle(
  field: DescField,
  value: unknown,
  rules: FieldRules | undefined,
  path: string,
  report: Report,
): void {
  if (!isReflectMessage(value)) {
    tell(field.enum ? enumProblem(field.enum, rules, Number(value)) : scalarProblem(rules, value), path, report);
    return;
  }
  const { message, desc } = value;
  if (desc.typeName === DurationSchema.typeName) tell(durationProblem(rules, message as Duration), path, report);
  // The rules of a wrapper are those of what is in it.
  else if (isWrapperDesc(desc)) tell(scalarProblem(rules, wrapped(message)), path, report);
  else if (rules?.message?.skip !== true) checkMessage(value, path, report);
}

const wrapped = (wrapper: Message): unknown => (wrapper as Message & { readonly value: unknown }).value;

function tell(problem: string | undefined, path: string, report: Report): void {
  if (problem !== undefined) report(`${path}: ${problem}`);
}
