// What a header may be made of, and what becomes of a request and an answer that would break.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cleanValue, isSendable, isSendablePath, refuseHeader } from './sendable-header.ts';

describe('a header that is made', () => {
  it('has no line ends or other controls but the tab in its value', () => {
    for (const value of ['', 'a b', 'a\tb', 'Ã¼', '"'])
      assert.equal(isSendable({ name: 'x', value }), true, JSON.stringify(value));
    for (const value of ['a\nb', 'a\rb', '\0', '\x01', '\x7f'])
      assert.equal(isSendable({ name: 'x', value }), false, JSON.stringify(value));
    for (const name of ['', 'a b', 'a:b', 'A', 'ü']) assert.equal(isSendable({ name, value: '' }), false, name);
  });

  it('is clean where it goes on anyway', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (value) => isSendable({ name: 'x', value: cleanValue(value) })),
    );
    assert.equal(cleanValue('a\r\nb\tc'), 'a  b\tc');
  });

  it('refuses the request in the words of Envoy', () => {
    assert.deepEqual(refuseHeader({ name: 'x-a', value: '\n' }), {
      status: 503,
      body: 'invalid header value for: x-a',
      details: 'filter_removed_required_request_headers{invalid_header_value_for:_x-a}',
      flags: ['DPE'],
    });
    assert.equal(refuseHeader({ name: 'x a', value: '' }).body, 'invalid header name: x a');
  });

  it('has a path without spaces', () => {
    assert.deepEqual(['/a?b', '/a b', '/a\n', '/\x7f'].map(isSendablePath), [true, false, false, false]);
  });
});
