// Protobuf's wire format by hand, as far as it takes to wrap cached bytes without decoding or copying them twice.

const lengthDelimited = 2;

/** Bytes a varint takes. */
function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** A message as a list of its length-delimited fields; a field is bytes, text or a message of the same kind. */
export type WireField = readonly [number: number, value: string | Uint8Array | WireMessage];

export interface WireMessage {
  readonly fields: readonly WireField[];
  /** Encoded length in bytes. */
  readonly length: number;
}

const valueLength = (value: WireField[1]): number =>
  typeof value === 'string' ? Buffer.byteLength(value) : value.length;

/** Empty texts are left out, as proto3 does. */
export function wireMessage(fields: readonly WireField[]): WireMessage {
  const present = fields.filter(([, value]) => value !== '');
  let length = 0;
  for (const [number, value] of present) {
    const size = valueLength(value);
    length += varintLength(number * 8 + lengthDelimited) + varintLength(size) + size;
  }
  return { fields: present, length };
}

export function encodeWire(message: WireMessage): Buffer {
  const buffer = Buffer.allocUnsafe(message.length);
  let at = 0;
  const writeVarint = (value: number): void => {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      buffer[at] = (rest % 0x80) | 0x80;
      at += 1;
    }
    buffer[at] = rest;
    at += 1;
  };
  const write = ({ fields }: WireMessage): void => {
    for (const [number, value] of fields) {
      writeVarint(number * 8 + lengthDelimited);
      writeVarint(valueLength(value));
      if (typeof value === 'string') at += buffer.write(value, at);
      else if (value instanceof Uint8Array) {
        buffer.set(value, at);
        at += value.length;
      } else write(value);
    }
  };
  write(message);
  return buffer;
}
