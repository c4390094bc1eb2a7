// Filters against lines of Istio's default formats and of the user's own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLogFilter } from './log-filter.ts';

const text =
  '[2026-11-23T23:00:00.000Z] "GET /a?status=200 HTTP/1.1" 404 NR,DC route_not_found - "-" 0 0 1 - "10.0.0.1" "curl/8 \\"status=5xx\\"" "id" "shop.example.com:30000" "-" - - 127.0.0.1:30000 127.0.0.1:50000 - -';
const json = JSON.stringify({ response_code: 503, response_flags: 'UF', authority: 'shop.example.com', path: '/404' });

describe('a log filter', () => {
  const passes = (filter: string, line: string): boolean => parseLogFilter(filter)(line);

  it('looks for plain text', () => {
    assert.ok(passes('curl/8', text));
    assert.ok(!passes('wget', text));
  });

  it('reads status, host and flags of the default text format', () => {
    assert.ok(passes('status=404', text) && passes('status=4xx', text));
    assert.ok(!passes('status=200', text) && !passes('status=5xx', text));
    assert.ok(
      passes('host=shop.example.com', text) &&
        passes('host=*.EXAMPLE.com', text) &&
        passes('host=shop.example.com:30000', text),
    );
    assert.ok(!passes('host=example.com', text) && !passes('host=*.shop.example.com', text));
    assert.ok(passes('flags=NR', text) && passes('flags=dc', text));
    assert.ok(!passes('flags=UF', text));
  });

  it('reads them of JSON lines', () => {
    assert.ok(passes('status=503', json) && passes('host=shop.example.com', json) && passes('flags=UF', json));
    assert.ok(!passes('status=404', json) && !passes('flags=U', json));
  });

  it('looks for the value as a word in formats it does not know', () => {
    assert.ok(passes('status=404', 'my format: code=404 host=a'));
    assert.ok(!passes('status=404', 'my format: took 4041us'));
    assert.ok(passes('flags=NR', '{"flags":"NR"') && passes('status=404', '{broken 404'));
  });

  it('never throws and never takes long', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom('', 'status=', 'host=', 'flags='), (line, value, name) => {
        assert.equal(typeof parseLogFilter(name + value)(line), 'boolean');
      }),
    );
    const before = performance.now();
    passes('status=404', `[x] "y" 200 - ${'"'.repeat(64_000)}`);
    passes('status=404', `[x] "y" 200 - ${'" "'.repeat(20_000)}`);
    assert.ok(performance.now() - before < 2000);
  });
});
