// The parser of upstream responses, with whole, split and malformed ones.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HeaderList } from '../http/header-list.ts';
import { createResponseParser } from './create-response-parser.ts';
import type { ResponseHead } from './parse-response-head.ts';

interface Outcome {
  heads: ResponseHead[];
  body: string;
  ends: { trailers: HeaderList | undefined; clean: boolean }[];
  result: string;
}

function feed(chunks: readonly string[], method = 'GET', finish = false): Outcome {
  const outcome: Outcome = { heads: [], body: '', ends: [], result: 'ok' };
  const parser = createResponseParser({
    onHead: (head) => outcome.heads.push(head),
    onBody: (chunk) => {
      outcome.body += chunk.toString('latin1');
    },
    onMessageEnd: (trailers, clean) => outcome.ends.push({ trailers, clean }),
  });
  parser.expect(method);
  for (const chunk of chunks) {
    outcome.result = parser.execute(Buffer.from(chunk, 'latin1'));
    if (outcome.result === 'invalid') return outcome;
  }
  if (finish) parser.finish();
  return outcome;
}

/** Every way to cut a text in pieces. */
function cut(text: string, at: readonly number[]): string[] {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => text.slice(from, places[i] ?? text.length)).filter((part) => part !== '');
}

describe('createResponseParser', () => {
  it('reads a body by its length', () => {
    const { heads, body, ends } = feed(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b \r\n\r\nhello']);
    assert.equal(heads[0]?.status, 200);
    assert.deepEqual(heads[0]?.headers, ['content-length', '5', 'x-a', 'b']);
    assert.equal(body, 'hello');
    assert.deepEqual(ends, [{ trailers: undefined, clean: true }]);
  });

  it('reads chunks with extensions and trailers', () => {
    const { body, ends } = feed([
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 9\r\n\r\n',
    ]);
    assert.equal(body, 'abcde');
    assert.deepEqual(ends, [{ trailers: ['x-sum', '9'], clean: true }]);
  });

  it('gives the same events wherever the bytes are cut', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n4\r\nwiki\r\n5\r\npedia\r\n0\r\nt: u\r\n\r\n';
    const whole = feed([text]);
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 20 }), (places) => {
        assert.deepEqual(feed(cut(text, places)), whole);
      }),
    );
  });

  it('never throws, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 8 }), (chunks) => {
        feed(['HTTP/1.1 200 OK\r\n', ...chunks], 'GET', true);
        feed(chunks, 'GET', true);
      }),
    );
  });

  it('takes a body without length to last until the connection closes', () => {
    const { heads, body, ends } = feed(['HTTP/1.1 200 OK\r\n\r\nabc', 'def'], 'GET', true);
    assert.equal(heads[0]?.keepAlive, false);
    assert.equal(body, 'abcdef');
    assert.equal(ends.length, 1);
  });

  it('knows answers that have no body', () => {
    for (const [method, head] of [
      ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'],
      ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
      ['GET', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n'],
    ] as const) {
      const { ends, heads } = feed([head], method);
      assert.equal(ends.length, 1, head);
      assert.equal(heads[0]?.keepAlive, true);
    }
  });

  it('says when bytes follow that nobody asked for', () => {
    const { ends } = feed(['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabHTTP/1.1 200 OK\r\n']);
    assert.deepEqual(ends, [{ trailers: undefined, clean: false }]);
  });

  it('refuses what could split answers', () => {
    for (const head of [
      'content-length: 1\r\ntransfer-encoding: chunked',
      'content-length: 1\r\ncontent-length: 1',
      'content-length: 1, 1',
      'content-length: +1',
      'transfer-encoding: gzip, chunked',
      'x : a',
      ': a',
      ' folded: a',
      'x: a\0b',
    ])
      assert.equal(feed([`HTTP/1.1 200 OK\r\n${head}\r\n\r\nabc`]).result, 'invalid', head);
    assert.equal(feed(['HTTP/2 200\r\n\r\n']).result, 'invalid');
    assert.equal(feed(['127.0.0.1:7000> GET / HTTP/1.1\r\n\r\n']).result, 'invalid');
    assert.equal(feed(['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n']).result, 'invalid');
  });

  it('bounds what it holds', () => {
    assert.equal(feed([`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(61 * 1024)}`]).result, 'invalid');
    assert.equal(
      feed([`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'a'.repeat(5000)}`]).result,
      'invalid',
    );
  });

  it('reads how long the endpoint keeps an idle connection', () => {
    const { heads } = feed(['HTTP/1.1 200 OK\r\nkeep-alive: timeout=5, max=100\r\ncontent-length: 0\r\n\r\n']);
    assert.equal(heads[0]?.keepAliveSeconds, 5);
  });
});
