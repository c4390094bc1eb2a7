// The `headers` of an http rule or of its destination: unknown -> HeaderOperations. What Envoy would refuse is refused here.
import { messageField, stringMapField, stringsField } from './fields.ts';
import { type Message, report, reportInvalid, shorten } from './message.ts';
import { isHeaderName } from './names.ts';
import type { FieldPath } from './resource.ts';
import type { HeaderChanges, HeaderOperations, HeaderValue } from './virtual-service.ts';
import { headerOperationsFields } from './virtual-service-fields.ts';

const UNUSABLE = 'The rule cannot be used.';

/** Envoy's limits. */
const maxValueBytes = 16_384;
const maxEntries = 1000;

const control = /[^\P{Cc}\t]/u;

/** They belong to one connection or frame the message on it: a route that sets them breaks the messages after it. */
const framing = new Set([
  ...['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'upgrade'],
]);

const none: HeaderChanges = { set: [], add: [], remove: [] };

const isAuthority = (name: string): boolean => /^(?::authority|host)$/i.test(name);

/** Undefined (and reported) where a part of it cannot be used: a rule that keeps a header it was to replace would mislead. */
export function parseHeaderOperations(message: Message): HeaderOperations | undefined {
  const request = messageField(message, 'request', headerOperationsFields, parseChanges);
  const response = messageField(message, 'response', headerOperationsFields, parseChanges);
  if (message.broken.size > 0) return undefined;
  return {
    request: request?.changes ?? none,
    response: response?.changes ?? none,
    authority: request?.authority,
  };
}

interface Parsed {
  readonly changes: HeaderChanges;
  readonly authority: string | undefined;
}

function parseChanges(message: Message): Parsed | undefined {
  const set = parseValues(message, 'set');
  const add = parseValues(message, 'add');
  const remove = stringsField(message, 'remove', (name, path) => checkName(message, path, name));
  if (message.broken.size > 0) return undefined;
  const authority = [...add, ...set].findLast(([name]) => isAuthority(name))?.[1];
  const changes = {
    set: set.filter(([name]) => isServed(message, 'set', name)),
    add: add.filter(([name]) => isServed(message, 'add', name)),
    remove: remove.filter((name) => isServed(message, 'remove', name)),
  };
  return { changes, authority: message.path.at(-1) === 'request' ? authority || undefined : undefined };
}

/** Sorted as Istio sorts them: by bytes. */
function parseValues(message: Message, field: 'set' | 'add'): readonly HeaderValue[] {
  const entries = Object.entries(stringMapField(message, field));
  if (entries.length > maxEntries) {
    const what = `has ${entries.length} entries, and ${maxEntries} are the most`;
    reportInvalid(message.context, [...message.path, field], what, UNUSABLE, 'Remove some.');
    message.broken.add(field);
  }
  for (const [name, value] of entries) {
    const path = [...message.path, field, name];
    if (!checkName(message, path, name) || !checkValue(message, path, value)) message.broken.add(field);
  }
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function checkName(message: Message, path: FieldPath, name: string): boolean {
  if (name.startsWith(':') || isHeaderName(name)) return true;
  const what = `is ${shorten(name)}, which is no header name`;
  reportInvalid(message.context, path, what, UNUSABLE, 'Use letters, digits and - only.');
  return false;
}

function checkValue(message: Message, path: FieldPath, value: string): boolean {
  const what = control.test(value)
    ? 'has a control character in its value'
    : Buffer.byteLength(value) > maxValueBytes && `is longer than ${maxValueBytes} bytes`;
  if (what === false) return true;
  reportInvalid(message.context, path, what, UNUSABLE, 'Write one line of text.');
  return false;
}

/** False (and said) for what is left out: Istio drops pseudo headers without a word, and lets the framing ones do harm. */
function isServed(message: Message, field: 'set' | 'add' | 'remove', name: string): boolean {
  const isRequest = message.path.at(-1) === 'request';
  if (isAuthority(name) && isRequest && field !== 'remove') return false;
  const isFraming = framing.has(name.toLowerCase()) && field !== 'remove';
  if (!name.startsWith(':') && !isAuthority(name) && !isFraming) return true;
  report(message.context, [...message.path, field, ...(field === 'remove' ? [] : [name])], {
    severity: 'warning',
    code: 'TG0008',
    message: isFraming
      ? `${name} belongs to a single connection, so it is left as it is.`
      : `${name} cannot be changed here, so it is left as it is.`,
    remedy: isFraming || !isRequest ? 'Remove it.' : 'To change the host or the path, use rewrite.',
  });
  return false;
}
