// Base64 of bodies that come in pieces, as gRPC-Web's text mode has it.

/** Bytes of a gRPC message's prefix: a flag and the length. */
const prefixBytes = 5;

export interface Base64Decoder {
  /** Undefined where it is no base64. */
  push(chunk: Buffer): Buffer | undefined;
  /** Nothing is left that would need more. */
  isComplete(): boolean;
}

const base64 = /^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)*$/;

export function createBase64Decoder(): Base64Decoder {
  let rest = '';
  return {
    push: (chunk) => {
      const text = rest + chunk.toString('latin1');
      const whole = text.slice(0, text.length - (text.length % 4));
      rest = text.slice(whole.length);
      if (!base64.test(whole)) return undefined;
      // Each message may be padded on its own.
      const parts = whole.match(/[^=]+=*/g) ?? [];
      return Buffer.concat(parts.map((part) => Buffer.from(part, 'base64')));
    },
    isComplete: () => rest === '',
  };
}

/** Where in the messages a stream of bytes is. */
function createMessageCursor(): { advance(chunk: Buffer): number } {
  const prefix = Buffer.alloc(prefixBytes);
  let prefixLength = 0;
  let bodyLeft = 0;
  return {
    /** Offset behind the last message that ends in the chunk; 0 where none does. */
    advance: (chunk) => {
      let boundary = 0;
      let at = 0;
      while (at < chunk.length) {
        if (bodyLeft > 0) {
          const taken = Math.min(bodyLeft, chunk.length - at);
          bodyLeft -= taken;
          at += taken;
        } else {
          const taken = Math.min(prefixBytes - prefixLength, chunk.length - at);
          chunk.copy(prefix, prefixLength, at, at + taken);
          prefixLength += taken;
          at += taken;
          if (prefixLength < prefixBytes) break;
          bodyLeft = prefix.readUInt32BE(1);
          prefixLength = 0;
        }
        if (bodyLeft === 0) boundary = at;
      }
      return boundary;
    },
  };
}

export interface FrameEncoder {
  encode(chunk: Buffer): Buffer;
  end(): Buffer;
}

/** Base64 of gRPC messages, padded where a message ends: whoever reads it may decode it then. Holds back two bytes at most. */
export function createFrameEncoder(): FrameEncoder {
  const cursor = createMessageCursor();
  let rest: Buffer = Buffer.alloc(0);
  return {
    encode: (chunk) => {
      const boundary = cursor.advance(chunk);
      const whole = boundary === 0 ? '' : Buffer.concat([rest, chunk.subarray(0, boundary)]).toString('base64');
      const open = boundary === 0 ? Buffer.concat([rest, chunk]) : chunk.subarray(boundary);
      const aligned = open.length - (open.length % 3);
      rest = open.subarray(aligned);
      return Buffer.from(whole + open.subarray(0, aligned).toString('base64'));
    },
    end: () => {
      const text = rest.toString('base64');
      rest = Buffer.alloc(0);
      return Buffer.from(text);
    },
  };
}
