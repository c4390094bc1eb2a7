// What is done to a request that was let in: headers in Envoy's ways, query parameters, and what a server that lies cannot do.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { httpManager } from '../engine-fixture.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HeaderList } from '../http/header-list.ts';
import { allowRequest, changeHeaders } from './allow-request.ts';
import type { Allowed, HeaderChange } from './authorization.ts';
import { sanitizeUtf8 } from './checked-headers.ts';

const allowed = (fields: Partial<Allowed>): Allowed => ({
  kind: 'allowed',
  requestHeaders: [],
  removeHeaders: [],
  responseHeaders: [],
  setQuery: [],
  removeQuery: [],
  metadata: undefined,
  changesRequest: true,
  ...fields,
});

/** The fields of an exchange that are changed. */
function exchange(path = '/', headers: HeaderList = []): Exchange {
  const fields: Partial<Exchange> = {
    manager: httpManager(),
    headers,
    path,
    method: 'GET',
    authority: 'a.example.com',
    completeResponse: undefined,
  };
  return fields as Exchange;
}

const set = (name: string, value: string): HeaderChange => ({ name, value, action: 'set' });

describe('changeHeaders', () => {
  const headers = ['x-a', '1', 'x-b', '2', 'x-a', '3'];
  for (const [action, there, missing] of [
    ['set', ['x-b', '2', 'x-a', 'new'], [...headers, 'x-c', 'new']],
    ['add', [...headers, 'x-a', 'new'], [...headers, 'x-c', 'new']],
    ['append if present', ['x-b', '2', 'x-a', '1,3,new'], headers],
    ['add if absent', headers, [...headers, 'x-c', 'new']],
    ['set if present', ['x-b', '2', 'x-a', 'new'], headers],
  ] as const)
    it(`knows ${action}`, () => {
      assert.deepEqual(changeHeaders(headers, [{ name: 'x-a', value: 'new', action }]), there);
      assert.deepEqual(changeHeaders(headers, [{ name: 'x-c', value: 'new', action }]), missing);
    });

  it('leaves the list that it was given', () => {
    changeHeaders(headers, [set('x-a', 'new')]);
    assert.equal(headers[1], '1');
  });
});

describe('allowRequest', () => {
  for (const [before, setQuery, removeQuery, after] of [
    ['/a', [['n', '1']], [], '/a?n=1'],
    ['/a?b=1&a=1&c&d=', [['a', '2']], [], '/a?a=2&b=1&c=&d='],
    ['/a?b=1', [], ['b'], '/a'],
    ['/a?b=1&b=2', [], ['c'], '/a?b=1&b=2'],
    ['/a?x=y=z?', [['n', '1']], [], '/a?n=1&x=y=z?'],
  ] as const)
    it(`makes ${after} of ${before}`, () => {
      const request = exchange(before);
      assert.equal(allowRequest(request, allowed({ setQuery, removeQuery })), undefined);
      assert.equal(request.path, after);
    });

  it('changes method, path and host where it is told to, and nothing else that has a colon', () => {
    const request = exchange();
    const requestHeaders = [
      set(':method', 'PUT'),
      set(':path', '/b'),
      set('host', 'b.example.com'),
      set(':scheme', 'x'),
    ];
    assert.equal(allowRequest(request, allowed({ requestHeaders })), undefined);
    assert.deepEqual(
      [request.method, request.path, request.authority, request.headers],
      ['PUT', '/b', 'b.example.com', []],
    );
  });

  it('removes neither host nor what has a colon', () => {
    const request = exchange('/', ['x-a', '1', 'x-b', '2']);
    allowRequest(request, allowed({ removeHeaders: ['x-a', 'host', ':path'] }));
    assert.deepEqual([request.headers, request.authority, request.path], [['x-b', '2'], 'a.example.com', '/']);
  });

  for (const [what, answer, details] of [
    ['a line break in a header', { requestHeaders: [set('x-a', '1\r\nx-b: 2')] }, /invalid_header_value_for:_x-a/],
    ['a name that is none', { requestHeaders: [set('x a', '1')] }, /invalid_header_name:_x_a/],
    ['a line break in the path', { requestHeaders: [set(':path', '/ HTTP/1.1\r\nx: y')] }, /^filter_removed|invalid/],
    ['a space in the path', { requestHeaders: [set(':path', '/a b')] }, /^ext_authz_invalid$/],
    ['a space in the host', { requestHeaders: [set(':authority', 'a b')] }, /^ext_authz_invalid$/],
    ['a line break in a query parameter', { setQuery: [['a', '1\r\n']] }, /^ext_authz_invalid$/],
    ['too many headers', { requestHeaders: Array.from({ length: 120 }, (_, i) => set(`x-${i}`, '')) }, /^ext_authz_i/],
    ['too many bytes of headers', { requestHeaders: [set('x-a', 'y'.repeat(61_440))] }, /^ext_authz_invalid$/],
  ] as const)
    it(`refuses ${what}`, () => {
      assert.match(allowRequest(exchange(), allowed(answer as Partial<Allowed>))?.details ?? '', details);
    });

  it('leaves out headers of answers that would break them', () => {
    const request = exchange();
    const responseHeaders = [set('x-a', '1\r\nx-b: 2'), set('x-c', '3')];
    assert.equal(allowRequest(request, allowed({ responseHeaders })), undefined);
    assert.deepEqual(request.completeResponse?.(['x-d', '4']), ['x-d', '4', 'x-c', '3']);
  });
});

describe('sanitizeUtf8', () => {
  it('leaves text as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        assert.equal(sanitizeUtf8(Buffer.from(text)).toString(), text);
      }),
    );
  });

  it('makes text of any bytes, as long as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const clean = sanitizeUtf8(Buffer.from(bytes));
        assert.equal(clean.length, bytes.length);
        assert.ok(Buffer.from(clean.toString('utf8')).equals(clean));
      }),
    );
  });

  it('shows each byte that is none', () => {
    assert.equal(sanitizeUtf8(Buffer.from('a\xffb\xe2\x82', 'latin1')).toString('latin1'), 'a!b!!');
  });
});
