// Base64 in pieces comes out as base64 of the whole.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createBase64Decoder, createFrameEncoder } from './base64-stream.ts';

function frame(body: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/** Cuts the bytes where the numbers say. */
function cut(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [...new Set([0, ...cuts.map((one) => one % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 });
const cuts = fc.array(fc.nat(400), { maxLength: 8 });

describe('base64 in pieces', () => {
  it('decodes, however it is cut and wherever it is padded', () => {
    fc.assert(
      fc.property(messages, cuts, (bodies, where) => {
        const text = Buffer.from(bodies.map((body) => frame(body).toString('base64')).join(''));
        const decoder = createBase64Decoder();
        const decoded = cut(text, where).map((chunk) => decoder.push(chunk) ?? assert.fail('refused'));
        assert.deepEqual(Buffer.concat(decoded), Buffer.concat(bodies.map(frame)));
        assert.ok(decoder.isComplete());
      }),
    );
  });

  it('encodes messages so that each can be read when it is there', () => {
    fc.assert(
      fc.property(messages, cuts, (bodies, where) => {
        const encoder = createFrameEncoder();
        const decoder = createBase64Decoder();
        const pieces = [...cut(Buffer.concat(bodies.map(frame)), where).map(encoder.encode), encoder.end()];
        const decoded = pieces.map((piece) => decoder.push(piece) ?? assert.fail('no base64'));
        assert.deepEqual(Buffer.concat(decoded), Buffer.concat(bodies.map(frame)));
        assert.ok(decoder.isComplete());
      }),
    );
  });

  it('ends a group where a message ends, and gives what is broken off too', () => {
    const encoder = createFrameEncoder();
    const two = Buffer.concat([frame(Buffer.from('ab')), frame(Buffer.from('cdefg')).subarray(0, 7)]);
    assert.equal(encoder.encode(two).toString(), `${frame(Buffer.from('ab')).toString('base64')}AAAAAAVj`);
    assert.equal(encoder.end().toString(), Buffer.from('d').toString('base64'));
  });

  it('refuses what is none', () => {
    for (const text of ['!!!!', 'A===', 'AA=A', 'AAAA AAA'])
      assert.equal(createBase64Decoder().push(Buffer.from(text)), undefined, text);
    const decoder = createBase64Decoder();
    assert.deepEqual(decoder.push(Buffer.from('AAAAA')), Buffer.alloc(3));
    assert.ok(!decoder.isComplete());
  });
});
