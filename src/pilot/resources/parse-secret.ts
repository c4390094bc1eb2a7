// Secret: unknown -> bytes by key. No message here shows a value.
import { stringField, stringMapField } from './fields.ts';
import { type FieldTable, ignored, type Message, report, reportInvalid, served, tableOf } from './message.ts';
import type { SecretData } from './secret.ts';

/** Kubernetes' own limit for the values of one Secret. */
const MAX_SECRET_BYTES = 1024 * 1024;

/** A Secret has no spec: these stand beside its metadata. */
export const secretFields: FieldTable = { ...tableOf(['type', 'data', 'stringData'], served), immutable: ignored };

export function parseSecret(message: Message): SecretData {
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(stringMapField(message, 'data'))) {
    const bytes = decodeBase64(text);
    if (bytes) data.set(key, bytes);
    else
      reportInvalid(
        message.context,
        [...message.path, 'data', key],
        'is not base64',
        'The key is left out of the Secret.',
        'Encode the value with `base64 -w0`, or move it to stringData.',
      );
  }
  for (const [key, text] of Object.entries(stringMapField(message, 'stringData'))) data.set(key, Buffer.from(text));

  const size = [...data.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  const type = stringField(message, 'type') || 'Opaque';
  if (size <= MAX_SECRET_BYTES) return { type, data };
  report(message.context, message.path, {
    severity: 'error',
    code: 'TG0005',
    message: `The Secret has ${size} bytes, more than ${MAX_SECRET_BYTES}. It counts as empty; Kubernetes would refuse it.`,
    remedy: 'Split it.',
  });
  return { type, data: new Map() };
}

/** Padded standard base64; line breaks are allowed, as Go's decoder does. */
function decodeBase64(text: string): Uint8Array | undefined {
  const compact = text.replace(/[\r\n]/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  return Buffer.from(compact, 'base64');
}
