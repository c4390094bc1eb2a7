// Answers that are compressed: the same bytes for whoever decodes them, in order, with backpressure and an end.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import type { Compression, ContentCoding } from '../config/engine-config.ts';
import type { DownstreamEvents, DownstreamStream } from '../http/downstream-stream.ts';
import type { HeaderList } from '../http/header-list.ts';
import { chooseCoding } from './choose-coding.ts';
import { compressAnswers } from './compress-answers.ts';

const compression: Compression = {
  codings: ['gzip', 'br', 'zstd'],
  contentTypes: new Set(['text/plain']),
  minContentLength: 10,
};
const decoders: Readonly<Record<ContentCoding, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};
const waiting = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function fixture(accepted: string | undefined, isSlow = false) {
  const sent: Buffer[] = [];
  let headers: HeaderList = [];
  let events: DownstreamEvents | undefined;
  let ended: HeaderList | undefined | 'open' = 'open';
  let difference = 0;
  let resets = 0;
  let drains = 0;
  const base: Partial<DownstreamStream> = {
    head: {
      method: 'GET',
      target: '/',
      authority: 'a',
      scheme: undefined,
      headers: accepted === undefined ? [] : ['accept-encoding', accepted],
    },
    listen: (handlers) => {
      events = handlers;
    },
    respond: (_, list) => {
      headers = list;
    },
    write: (chunk) => {
      sent.push(chunk);
      return !isSlow;
    },
    end: (trailers) => {
      ended = trailers;
    },
    reset: () => {
      resets += 1;
    },
  };
  const stream = compressAnswers(base as DownstreamStream, compression, (more) => {
    difference += more;
  });
  stream.listen({
    onDrain: () => {
      drains += 1;
    },
    onProtocolError: () => {},
    onClose: () => {},
  });
  return {
    stream,
    body: () => Buffer.concat(sent),
    headers: () => headers,
    events: () => events,
    ended: () => ended,
    difference: () => difference,
    resets: () => resets,
    drains: () => drains,
    over: async () => {
      while (ended === 'open') await waiting();
    },
  };
}
const text = ['content-type', 'text/plain'];

describe('a compressed answer', () => {
  it('is the answer again, whatever its parts are', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 2000 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...compression.codings), chunks, async (coding, parts) => {
        const one = fixture(coding);
        one.stream.respond(200, text, false);
        for (const part of parts) one.stream.write(Buffer.from(part));
        one.stream.end(['x', '1']);
        await one.over();
        const whole = Buffer.concat(parts);
        assert.ok(decoders[coding](one.body()).equals(whole));
        assert.deepEqual(one.ended(), ['x', '1']);
        assert.equal(one.difference(), one.body().length - whole.length);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on part by part', async () => {
    const one = fixture('gzip');
    one.stream.respond(200, text, false);
    for (let i = 1; i <= 3; i++) {
      const before = one.body().length;
      one.stream.write(Buffer.from(`event ${i}`));
      while (one.body().length === before) await waiting();
    }
    one.stream.end(undefined);
    await one.over();
    assert.equal(gunzipSync(one.body()).toString(), 'event 1event 2event 3');
  });

  it('waits for a slow client, and goes on with it', async () => {
    const one = fixture('gzip', true);
    one.stream.respond(200, text, false);
    const random = Buffer.from(Array.from({ length: 200_000 }, () => Math.floor(Math.random() * 256)));
    assert.equal(one.stream.write(random), false);
    await waiting();
    const drain = async (): Promise<void> => {
      one.events()?.onDrain();
      await waiting();
    };
    while (one.drains() === 0) await drain();
    one.stream.end(undefined);
    while (one.ended() === 'open') await drain();
    assert.ok(gunzipSync(one.body()).equals(random));
  });

  it('breaks off where it is broken off', () => {
    const one = fixture('gzip');
    one.stream.respond(200, text, false);
    one.stream.write(Buffer.from('a part'));
    one.stream.reset();
    assert.deepEqual([one.resets(), one.ended()], [1, 'open']);
  });

  it('is none for those who do not take it, without a body, and of other types', () => {
    for (const [accepted, headers, endStream] of [
      [undefined, text, false],
      ['identity', text, false],
      ['gzip', text, true],
      ['gzip', ['content-type', 'image/png'], false],
      ['gzip', [...text, 'content-length', '9'], false],
      ['gzip', [...text, 'content-encoding', 'br'], false],
      ['gzip', [...text, 'cache-control', 'No-Transform'], false],
    ] as const) {
      const one = fixture(accepted);
      one.stream.respond(200, [...headers], endStream);
      one.stream.write(Buffer.from('as it is'));
      assert.equal(one.body().toString(), 'as it is', JSON.stringify([accepted, headers]));
    }
  });
});

describe('the coding', () => {
  it('is one that is offered and not refused, or none', () => {
    const token = fc.tuple(
      fc.constantFrom('gzip', 'br', 'zstd', '*', 'identity', 'x', ''),
      fc.constantFrom('', ';q=0', ';q=0.5', ';q=1', ';q=x'),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 6 }), (tokens) => {
        const accepted = tokens.map(([name, weight]) => name + weight).join(', ');
        const coding = chooseCoding(accepted, compression.codings);
        if (coding === undefined) return;
        assert.ok(compression.codings.includes(coding));
        assert.ok(!tokens.some(([name, weight]) => name === coding && weight === ';q=0'), accepted);
        assert.ok(
          tokens.some(([name]) => name === coding || name === '*'),
          accepted,
        );
      }),
    );
    assert.equal(chooseCoding('\u0000;q=1,,;;q', compression.codings), undefined);
  });
});
