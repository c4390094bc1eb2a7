// Reads single fields of a message: the typed value, or undefined with a Diagnostic where it has another type.
import {
  describe,
  type FieldTable,
  isRecord,
  type Message,
  openMessage,
  report,
  reportInvalid,
  served,
  shorten,
  tableOf,
} from './message.ts';
import { parseGoDuration } from './parse-go-duration.ts';
import type { FieldPath } from './resource.ts';

const IGNORED = 'The field is ignored.';

/** The field's value; undefined where it is absent or null. */
export function givenField(message: Message, name: string): unknown {
  const value = Object.hasOwn(message.fields, name) ? message.fields[name] : undefined;
  if (value === null && message.context.reportNull)
    report(message.context, [...message.path, name], {
      severity: 'warning',
      code: 'IST0106',
      message: `${name} is empty. It counts as not set; Kubernetes would refuse the object.`,
      remedy: 'Give it a value, or remove it.',
    });
  return value ?? undefined;
}

function broken(message: Message, name: string, what: string, remedy: string): undefined {
  message.broken.add(name);
  reportInvalid(message.context, [...message.path, name], what, IGNORED, remedy);
  return undefined;
}

const quoteRemedy = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'boolean' ? 'Put it in quotes.' : 'Write text here.';

export function stringField(message: Message, name: string): string | undefined {
  const value = givenField(message, name);
  if (value === undefined || typeof value === 'string') return value;
  return broken(message, name, `is ${describe(value)} where text is expected`, quoteRemedy(value));
}

const yes = new Set(['yes', 'on']);
const no = new Set(['no', 'off']);

/** `yes`, `no`, `on` and `off` count in a field that is a boolean by type, as in Kubernetes' own YAML. */
export function booleanField(message: Message, name: string): boolean | undefined {
  const value = givenField(message, name);
  if (value === undefined || typeof value === 'boolean') return value;
  if (typeof value === 'string' && yes.has(value.toLowerCase())) return true;
  if (typeof value === 'string' && no.has(value.toLowerCase())) return false;
  return broken(
    message,
    name,
    `is ${describe(value)} where true or false is expected`,
    'Write true or false, without quotes.',
  );
}

export function integerField(message: Message, name: string, min: number, max: number): number | undefined {
  const value = givenField(message, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number')
    return broken(
      message,
      name,
      `is ${describe(value)} where a number is expected`,
      typeof value === 'string' && /^\d+$/.test(value) ? 'Remove the quotes.' : `Write a number from ${min} to ${max}.`,
    );
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  return broken(
    message,
    name,
    `is ${value}, not a whole number from ${min} to ${max}`,
    `Write a number from ${min} to ${max}.`,
  );
}

/** Any number, fractions too. */
export function numberField(message: Message, name: string, min: number, max: number): number | undefined {
  const value = givenField(message, name);
  if (value === undefined) return undefined;
  const remedy = `Write a number from ${min} to ${max}.`;
  if (typeof value !== 'number')
    return broken(message, name, `is ${describe(value)} where a number is expected`, remedy);
  if (value >= min && value <= max) return value;
  return broken(message, name, `is ${value}, not a number from ${min} to ${max}`, remedy);
}

export function portField(message: Message, name: string): number | undefined {
  return integerField(message, name, 1, 65535);
}

export function enumField<T extends string>(message: Message, name: string, values: readonly T[]): T | undefined {
  const value = stringField(message, name);
  if (value === undefined) return undefined;
  const found = values.find((candidate) => candidate === value);
  return (
    found ?? broken(message, name, `is ${shorten(value)}, which is no value of it`, `Use one of ${values.join(', ')}.`)
  );
}

/**
 * Text entries; others are reported and left out, and so are those that `isUsable` refuses (which reports them, at the
 * given path). Empty where the field is absent.
 */
export function stringsField(
  message: Message,
  name: string,
  isUsable: (text: string, path: FieldPath) => boolean = () => true,
): readonly string[] {
  return itemsField(message, name, (value, path) => {
    if (typeof value === 'string') return isUsable(value, path) ? value : undefined;
    const what = `is ${describe(value)} where text is expected`;
    reportInvalid(message.context, path, what, 'The entry is left out.', quoteRemedy(value));
    return undefined;
  });
}

/** Whole numbers; others are reported and left out. Empty where the field is absent. */
export function integersField(message: Message, name: string, min: number, max: number): readonly number[] {
  return itemsField(message, name, (value, path) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    const what = typeof value === 'number' ? `is ${value}` : `is ${describe(value)}`;
    const remedy = `Write a number from ${min} to ${max}.`;
    reportInvalid(
      message.context,
      path,
      `${what}, not a whole number from ${min} to ${max}`,
      'The entry is left out.',
      remedy,
    );
    return undefined;
  });
}

/** Text values by key; others are reported and left out. Empty where the field is absent. */
export function stringMapField(message: Message, name: string): Readonly<Record<string, string>> {
  const value = givenField(message, name);
  if (value === undefined) return {};
  if (!isRecord(value)) {
    broken(message, name, `is ${describe(value)} where a map is expected`, 'Write `key: value` lines here.');
    return {};
  }
  const entries: [string, string][] = [];
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === 'string') entries.push([key, text]);
    else {
      message.broken.add(name);
      const what = `is ${describe(text)} where text is expected`;
      reportInvalid(message.context, [...message.path, name, key], what, 'The entry is left out.', quoteRemedy(text));
    }
  }
  return Object.fromEntries(entries);
}

/** Port numbers by key; others are reported and left out. Empty where the field is absent. */
export function portMapField(message: Message, name: string): Readonly<Record<string, number>> {
  const value = givenField(message, name);
  if (value === undefined) return {};
  if (!isRecord(value)) {
    broken(message, name, `is ${describe(value)} where a map is expected`, 'Write `name: number` lines here.');
    return {};
  }
  const entries = Object.entries(value).filter((entry): entry is [string, number] => {
    const [key, port] = entry;
    if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65535) return true;
    message.broken.add(name);
    const path = [...message.path, name, key];
    const remedy = 'Write a number from 1 to 65535.';
    reportInvalid(message.context, path, 'is no port number', 'The entry is left out.', remedy);
    return false;
  });
  return Object.fromEntries(entries);
}

const nanosecondsPerMs = 1_000_000n;
/** Envoy's longest duration in milliseconds; more than anybody waits. */
const maxDurationMs = 315_576_000_000_000n;

/** Milliseconds of a duration in Go's form, at least 1: less is what Kubernetes refuses. */
export function durationField(message: Message, name: string): number | undefined {
  const text = stringField(message, name);
  if (text === undefined) return undefined;
  const nanoseconds = parseGoDuration(text);
  const milliseconds = nanoseconds === undefined ? 0n : nanoseconds / nanosecondsPerMs;
  if (milliseconds >= 1n && milliseconds <= maxDurationMs) return Number(milliseconds);
  const what = nanoseconds === undefined ? 'which is no duration' : 'which is not a millisecond or more';
  return broken(message, name, `is ${shorten(text)}, ${what}`, 'Write a duration such as 500ms, 1.5s or 1h30m.');
}

const zero = /^[+-]?0+(?:\.0*)?(?:ns|us|ms|s|m|h)?$/;

/** As durationField, where zero means something of its own. */
export function durationOrZeroField(message: Message, name: string): number | undefined {
  const value = givenField(message, name);
  return typeof value === 'string' && zero.test(value) ? 0 : durationField(message, name);
}

/** The field as a map with its own table; `broken` gets its name where `parse` cannot use it. */
export function messageField<T>(
  message: Message,
  name: string,
  table: FieldTable,
  parse: (field: Message) => T | undefined,
): T | undefined {
  const value = givenField(message, name);
  if (value === undefined) return undefined;
  const field = openMessage(message.context, [...message.path, name], value, table);
  const parsed = field && parse(field);
  if (parsed === undefined) message.broken.add(name);
  return parsed;
}

/** A list of maps, whose table may depend on the entry; entries that `parse` cannot use are left out, and `broken` then has the list's name. */
export function messagesField<T>(
  message: Message,
  name: string,
  table: FieldTable | ((value: unknown) => FieldTable),
  parse: (item: Message, index: number) => T | undefined,
): readonly T[] {
  return itemsField(message, name, (value, path, index) => {
    const fields = typeof table === 'function' ? table(value) : table;
    const item = openMessage(message.context, path, value, fields);
    return item && parse(item, index);
  });
}

/** Maps by key; entries that `parse` cannot use are left out, and `broken` then has the field's name. */
export function messageMapField<T>(
  message: Message,
  name: string,
  table: FieldTable,
  parse: (item: Message, key: string) => T | undefined,
): readonly T[] {
  const value = givenField(message, name);
  if (value === undefined) return [];
  if (!isRecord(value)) {
    broken(message, name, `is ${describe(value)} where a map is expected`, 'Write `key: { … }` lines here.');
    return [];
  }
  return Object.entries(value).flatMap(([key, entry]) => {
    const item = openMessage(message.context, [...message.path, name, key], entry, table);
    const parsed = item && parse(item, key);
    if (parsed === undefined) message.broken.add(name);
    return parsed === undefined ? [] : [parsed];
  });
}

function itemsField<T>(
  message: Message,
  name: string,
  parse: (value: unknown, path: FieldPath, index: number) => T | undefined,
): readonly T[] {
  const value = givenField(message, name);
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    broken(message, name, `is ${describe(value)} where a list is expected`, 'Start each entry with `- `.');
    return [];
  }
  const items: T[] = [];
  value.forEach((entry: unknown, index) => {
    const item = parse(entry, [...message.path, name, index], index);
    if (item === undefined) message.broken.add(name);
    else items.push(item);
  });
  return items;
}

/** Reports a field that must be given and is not; says nothing where its value was already reported. */
export function reportMissing(message: Message, name: string, consequence: string, remedy: string): void {
  if (message.broken.has(name)) return;
  reportInvalid(message.context, [...message.path, name], 'is missing', consequence, remedy);
}

/**
 * `selector.matchLabels` of a policy; empty where there is none. Undefined where it cannot be read: whom the object is for nobody
 * knows then, and it must not be everybody.
 */
export function selectorField(spec: Message): Readonly<Record<string, string>> | undefined {
  if (givenField(spec, 'selector') === undefined) return {};
  return messageField(spec, 'selector', tableOf(['matchLabels'], served), (field) => {
    const labels = stringMapField(field, 'matchLabels');
    return field.broken.size > 0 ? undefined : labels;
  });
}
