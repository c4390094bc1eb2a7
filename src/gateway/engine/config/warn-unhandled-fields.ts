// Never silence: whatever a message has set that the engine does not read becomes a warning.
import type { Message } from '@bufbuild/protobuf';
import type { Findings } from './findings.ts';

/** protobuf's default is "not set"; a message counts as soon as it is there. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === false || value === 0 || value === 0n || value === '') return false;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
  if (typeof value !== 'object' || value === null) return true;
  if ('$typeName' in value) return true;
  if ('case' in value) return value.case !== undefined;
  return Object.keys(value).length > 0;
}

/** Users know protobuf's names. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * `handled`: the fields that are read, and those that change nothing of what clients and backends see.
 * True if there was something to warn of.
 */
export function warnUnhandledFields(
  message: Message,
  handled: ReadonlySet<string>,
  findings: Findings,
  consequence = 'it has no effect',
): boolean {
  let found = false;
  for (const [field, value] of Object.entries(message)) {
    if (field.startsWith('$') || handled.has(field) || !isSet(value)) continue;
    const name = typeof value === 'object' && 'case' in value ? String(value.case) : field;
    found = true;
    findings.warn(`${snakeCase(name)} is not supported by the embedded engine: ${consequence}`);
  }
  for (const { no } of message.$unknown ?? []) {
    found = true;
    findings.warn(`field ${no} is unknown to the embedded engine: ${consequence}`);
  }
  return found;
}
