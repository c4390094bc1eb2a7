// One value against the rules of its field in Envoy's protos: why it breaks them, in protoc-gen-validate's words.
import { isIP } from 'node:net';
import type { DescEnum } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { RE2JS } from 're2js';
import { type FieldRules, KnownRegex, type StringRules } from '../../xds/generated/validate/validate_pb.ts';

/** As in proto2: what is not set must not be taken for its default. */
type Rules = Readonly<Record<string, unknown>>;
const given = (rules: object, name: string): unknown =>
  Object.hasOwn(rules, name) ? (rules as Rules)[name] : undefined;

/** Undefined where nothing is wrong. */
export function scalarProblem(rules: FieldRules | undefined, value: unknown): string | undefined {
  const { type } = rules ?? {};
  if (type?.case === undefined) return undefined;
  if (type.case === 'string') return typeof value === 'string' ? stringProblem(type.value, value) : undefined;
  if (type.case === 'bytes') {
    const length = value instanceof Uint8Array ? value.length : 0;
    return lengthProblem(type.value, length, 'minLen', 'maxLen', 'bytes');
  }
  if (type.case === 'bool') return equalProblem(type.value, value);
  if (typeof value === 'number' || typeof value === 'bigint') return rangeProblem(type.value, value, String);
  return undefined;
}

export function enumProblem(desc: DescEnum, rules: FieldRules | undefined, value: number): string | undefined {
  if (rules?.type.case !== 'enum') return undefined;
  const { definedOnly, notIn } = rules.type.value;
  if (definedOnly && !desc.values.some(({ number }) => number === value))
    return 'value must be one of the defined enum values';
  if (rules.type.value.in.length > 0 && !rules.type.value.in.includes(value)) return 'value must be in list';
  if (notIn.includes(value)) return 'value must not be in list';
  return equalProblem(rules.type.value, value);
}

const nanoseconds = ({ seconds, nanos }: Duration): bigint => seconds * 1_000_000_000n + BigInt(nanos);

export function durationProblem(rules: FieldRules | undefined, value: Duration): string | undefined {
  if (rules?.type.case !== 'duration') return undefined;
  const limits = Object.fromEntries(
    (['const', 'lt', 'lte', 'gt', 'gte'] as const).flatMap((name) => {
      const limit = given(rules.type.value ?? {}, name);
      return limit === undefined ? [] : [[name, nanoseconds(limit as Duration)]];
    }),
  );
  return rangeProblem(limits, nanoseconds(value), (limit) => `${Number(limit) / 1e9}s`);
}

function equalProblem(rules: object, value: unknown): string | undefined {
  const only = given(rules, 'const');
  return only === undefined || only === value ? undefined : `value must equal ${String(only)}`;
}

type Quantity = number | bigint;

function rangeProblem(rules: object, value: Quantity, show: (limit: Quantity) => string): string | undefined {
  if (given(rules, 'ignoreEmpty') === true && Number(value) === 0) return undefined;
  const limit = (name: string): Quantity | undefined => given(rules, name) as Quantity | undefined;
  const [lt, lte, gt, gte] = [limit('lt'), limit('lte'), limit('gt'), limit('gte')];
  if (lt !== undefined && value >= lt) return `value must be less than ${show(lt)}`;
  if (lte !== undefined && value > lte) return `value must be less than or equal to ${show(lte)}`;
  if (gt !== undefined && value <= gt) return `value must be greater than ${show(gt)}`;
  if (gte !== undefined && value < gte) return `value must be greater than or equal to ${show(gte)}`;
  const [allowed, refused] = [given(rules, 'in'), given(rules, 'notIn')];
  if (Array.isArray(allowed) && allowed.length > 0 && !allowed.includes(value)) return 'value must be in list';
  if (Array.isArray(refused) && refused.includes(value)) return 'value must not be in list';
  return equalProblem(rules, value);
}

function lengthProblem(rules: object, length: number, least: string, most: string, unit: string): string | undefined {
  if (given(rules, 'ignoreEmpty') === true && length === 0) return undefined;
  const [min, max] = [given(rules, least), given(rules, most)];
  if (min !== undefined && length < Number(min)) return `value length must be at least ${String(min)} ${unit}`;
  if (max !== undefined && length > Number(max)) return `value length must be at most ${String(max)} ${unit}`;
  return undefined;
}

function stringProblem(rules: StringRules, value: string): string | undefined {
  if (rules.ignoreEmpty && value === '') return undefined;
  const text = (name: string): string | undefined => given(rules, name) as string | undefined;
  const pattern = text('pattern');
  return (
    lengthProblem(rules, [...value].length, 'minLen', 'maxLen', 'characters') ??
    lengthProblem(rules, Buffer.byteLength(value), 'minBytes', 'maxBytes', 'bytes') ??
    equalProblem(rules, value) ??
    (value.startsWith(text('prefix') ?? '') ? undefined : `value does not have prefix ${text('prefix')}`) ??
    (value.endsWith(text('suffix') ?? '') ? undefined : `value does not have suffix ${text('suffix')}`) ??
    (value.includes(text('contains') ?? '') ? undefined : `value does not contain ${text('contains')}`) ??
    (text('notContains') && value.includes(text('notContains') ?? '')
      ? `value contains ${text('notContains')}`
      : undefined) ??
    (rules.in.length > 0 && !rules.in.includes(value) ? 'value must be in list' : undefined) ??
    (rules.notIn.includes(value) ? 'value must not be in list' : undefined) ??
    (pattern !== undefined && !RE2JS.compile(pattern).matcher(value).find()
      ? `value does not match regex pattern ${JSON.stringify(pattern)}`
      : undefined) ??
    wellKnownProblem(rules, value)
  );
}

/** Strict is the default of proto2's `strict`. */
const strictName = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what header values must not have.
const strictValue = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what headers must not have.
const loose = /^[^\u0000\u000a\u000d]*$/;

function wellKnownProblem({ wellKnown, strict }: StringRules, value: string): string | undefined {
  switch (wellKnown.case) {
    case 'wellKnownRegex': {
      const isName = wellKnown.value === KnownRegex.HTTP_HEADER_NAME;
      const usual = isName ? strictName : strictValue;
      const fits = value === '' || (strict ? usual : loose).test(value);
      return fits ? undefined : `value is no HTTP header ${isName ? 'name' : 'value'}`;
    }
    case 'ip':
      return isIP(value) > 0 ? undefined : 'value must be a valid IP address';
    case 'ipv4':
    case 'ipv6':
      return isIP(value) === (wellKnown.case === 'ipv4' ? 4 : 6) ? undefined : 'value must be a valid IP address';
    case 'uri':
      return URL.canParse(value) ? undefined : 'value must be a valid URI';
    default:
      return undefined;
  }
}
