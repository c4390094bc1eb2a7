// PROXY headers byte by byte, as the specification has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyHeader } from './proxy-header.ts';

const v4 = { source: '192.168.0.1:56324', destination: '192.168.0.11:443' };
const v6 = { source: '[2001:db8::1]:56324', destination: '[::1]:443' };

test('version 1 is a line', () => {
  assert.equal(proxyHeader('V1', v4).toString(), 'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n');
  assert.equal(proxyHeader('V1', v6).toString(), 'PROXY TCP6 2001:db8::1 ::1 56324 443\r\n');
});

test('version 2 is binary', () => {
  const signature = '0d0a0d0a000d0a515549540a';
  assert.equal(proxyHeader('V2', v4).toString('hex'), `${signature}2111000cc0a80001c0a8000bdc0401bb`);
  assert.equal(
    proxyHeader('V2', v6).toString('hex'),
    `${signature}2121002420010db8000000000000000000000001${'0'.repeat(31)}1dc0401bb`,
  );
});

test('an IPv4 address beside an IPv6 one is written as IPv6', () => {
  const header = proxyHeader('V2', { source: '10.0.0.1:1', destination: '[::1]:2' }).toString('hex');
  assert.match(header, /00000000000000000000ffff0a000001/);
});
