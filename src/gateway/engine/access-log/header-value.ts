// Header values as an access log may show them: decoded where they are UTF-8, and never able to end a line.

const highBytes = /[\x80-\xff]/;
const beyondBytes = /[\u0100-\uffff]/;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Node gives header bytes as latin1; what is valid UTF-8 is shown as such, anything else byte by byte. */
export function decodeHeaderValue(value: string): string {
  if (!highBytes.test(value) || beyondBytes.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}

const lineBreakers = /[\0\r\n]/;

/** Envoy's codecs refuse these bytes in headers; should one come through all the same, it is shown as an escape. */
export function keepOnLine(value: string): string {
  if (!lineBreakers.test(value)) return value;
  return value.replaceAll('\0', '\\0').replaceAll('\r', '\\r').replaceAll('\n', '\\n');
}

/** White space becomes `_`, so that a reason is one field of a line. */
export function withoutSpaces(value: string): string {
  return value.replace(/\s/g, '_');
}
