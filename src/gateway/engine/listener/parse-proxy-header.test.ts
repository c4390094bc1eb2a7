// PROXY headers as proxies send them, cut anywhere, and as nobody should.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { proxyHeader } from '../upstream/proxy-header.ts';
import { parseProxyHeader } from './parse-proxy-header.ts';

const parse = (text: string) => parseProxyHeader(Buffer.from(text, 'latin1'));

describe('version 1', () => {
  test('names both ends', () => {
    assert.deepEqual(parse('PROXY TCP4 198.51.100.7 10.0.0.1 5555 80\r\nGET /'), {
      kind: 'header',
      length: 42,
      addresses: { source: '198.51.100.7:5555', destination: '10.0.0.1:80' },
    });
    assert.deepEqual(parse('PROXY TCP6 2001:db8::7 ::1 1 65535\r\n'), {
      kind: 'header',
      length: 36,
      addresses: { source: '[2001:db8::7]:1', destination: '[::1]:65535' },
    });
  });
  test('may know nothing', () => {
    assert.deepEqual(parse('PROXY UNKNOWN\r\n'), { kind: 'header', length: 15, addresses: undefined });
    assert.equal(parse('PROXY UNKNOWN ff::1 ff::2 1 2\r\n').kind, 'header');
  });
  test('is refused where it is wrong', () => {
    for (const text of [
      'PROXY TCP9 zz\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 80\r\n',
      'PROXY TCP4 1.2.3.4 ::1 1 2\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n',
      `PROXY UNKNOWN ${'x'.repeat(100)}`,
      `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
    ])
      assert.equal(parse(text).kind, 'invalid', text);
  });
});

describe('version 2', () => {
  const head = (command: number, family: number, length: number) =>
    Buffer.concat([
      Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
      Buffer.from([command, family, length >> 8, length & 0xff]),
      Buffer.alloc(length),
    ]);
  test('may be of the proxy itself', () => {
    assert.deepEqual(parseProxyHeader(head(0x20, 0, 0)), { kind: 'header', length: 16, addresses: undefined });
    assert.deepEqual(parseProxyHeader(head(0x21, 0, 7)), { kind: 'header', length: 23, addresses: undefined });
  });
  test('may have more behind its addresses', () => {
    const parsed = parseProxyHeader(head(0x21, 0x11, 20));
    assert.deepEqual(parsed, {
      kind: 'header',
      length: 36,
      addresses: { source: '0.0.0.0:0', destination: '0.0.0.0:0' },
    });
  });
  test('is refused where it is wrong', () => {
    assert.equal(parseProxyHeader(head(0x11, 0x11, 12)).kind, 'invalid');
    assert.equal(parseProxyHeader(head(0x21, 0x31, 216)).kind, 'invalid');
    assert.equal(parseProxyHeader(head(0x21, 0x11, 11)).kind, 'invalid');
  });
});

test('anything else is no header, once there is enough of it', () => {
  assert.equal(parse('ping').kind, 'incomplete');
  assert.equal(parse('GET / HTTP/1.1').kind, 'invalid');
  assert.equal(parse('\r\n\r\n\0x').kind, 'invalid');
});

test('what one side writes the other side reads, however it is cut', () => {
  const endpoint = fc.tuple(fc.oneof(fc.ipV4(), fc.constantFrom('[::1]', '[2001:db8::1]')), fc.nat(65_535));
  fc.assert(
    fc.property(endpoint, endpoint, fc.constantFrom('V1', 'V2'), fc.nat(60), (from, to, version, cut) => {
      fc.pre(from[0].includes(':') === to[0].includes(':'));
      const addresses = { source: from.join(':'), destination: to.join(':') };
      const header = proxyHeader(version, addresses);
      assert.deepEqual(parseProxyHeader(Buffer.concat([header, Buffer.from('GET')])), {
        kind: 'header',
        length: header.length,
        addresses,
      });
      if (cut < header.length) assert.equal(parseProxyHeader(header.subarray(0, cut)).kind, 'incomplete');
    }),
  );
});

test('no bytes make it throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parseProxyHeader(Buffer.from(bytes))));
});
