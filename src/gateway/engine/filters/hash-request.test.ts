// What a request is told by, where load balancing is consistent.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { xxHash64 } from '../cluster/xx-hash.ts';
import type { HashPolicy } from '../config/engine-config.ts';
import { hashRequest } from './hash-request.ts';

const request = (headers: string[] = [], path = '/') => ({
  headers,
  path,
  clientIp: '10.0.0.1',
  connection: '10.0.0.1:10000127.0.0.1:80',
});
const header: HashPolicy = { kind: 'header', name: 'x-user', terminal: false };
const query: HashPolicy = { kind: 'query parameter', name: 'u', terminal: false };
const cookie: Extract<HashPolicy, { kind: 'cookie' }> = {
  kind: 'cookie',
  name: 'session',
  path: '/a',
  ttlSeconds: 60,
  attributes: [
    { name: 'SameSite', value: 'Strict' },
    { name: 'Secure', value: '' },
  ],
  terminal: false,
};
const hashOf = (policies: readonly HashPolicy[], headers?: string[], path?: string) =>
  hashRequest(policies, request(headers, path)).hash;

describe('a request is told by', () => {
  test('a header', () => {
    assert.equal(hashOf([header], ['x-user', 'alice']), xxHash64('alice'));
    assert.equal(hashOf([header]), undefined);
  });
  test('all lines of a header, in whichever order', () => {
    const hash = hashOf([header], ['x-user', 'b', 'x-user', 'a']);
    assert.equal(hash, xxHash64('b', xxHash64('a')));
    assert.equal(hash, hashOf([header], ['x-user', 'a', 'x-user', 'b']));
  });
  test('a query parameter, undecoded', () => {
    assert.equal(hashOf([query], [], '/x?u=%61&u=b'), xxHash64('%61'));
    assert.equal(hashOf([query], [], '/x?v=1'), undefined);
  });
  test("the client's address", () => {
    assert.equal(hashOf([{ kind: 'source ip', terminal: false }]), xxHash64('10.0.0.1'));
  });
  test('a cookie, in quotes or not', () => {
    for (const text of ['a=1; session=abc', 'session="abc"']) {
      const { hash, setCookies } = hashRequest([cookie], request(['cookie', text]));
      assert.equal(hash, xxHash64('abc'));
      assert.deepEqual(setCookies, []);
    }
  });
});

describe('a client without the cookie', () => {
  test('gets one, the same on the whole connection', () => {
    const { hash, setCookies } = hashRequest([cookie], request());
    const value = xxHash64('10.0.0.1:10000127.0.0.1:80').toString(16).padStart(16, '0');
    assert.equal(hash, xxHash64(value));
    assert.deepEqual(setCookies, [`session="${value}"; Max-Age=60; Path=/a; SameSite=Strict; Secure; HttpOnly`]);
  });
  test('gets one for the session where it is to last 0 s', () => {
    const [made] = hashRequest([{ ...cookie, ttlSeconds: 0, path: '', attributes: [] }], request()).setCookies;
    assert.match(made ?? '', /^session="[0-9a-f]{16}"; HttpOnly$/);
  });
  test('gets none where none is to be made', () => {
    assert.deepEqual(hashRequest([{ ...cookie, ttlSeconds: undefined }], request()), {
      hash: undefined,
      setCookies: [],
    });
  });
});

describe('several policies', () => {
  test('are mixed, and do not cancel each other out', () => {
    const twice = hashOf([header, header], ['x-user', 'alice']);
    assert.notEqual(twice, 0n);
    assert.notEqual(twice, hashOf([header], ['x-user', 'alice']));
  });
  test('end with a terminal one that has a hash', () => {
    const terminal: HashPolicy = { ...header, terminal: true };
    assert.equal(hashOf([terminal, query], ['x-user', 'alice'], '/?u=1'), xxHash64('alice'));
    assert.equal(hashOf([terminal, query], [], '/?u=1'), xxHash64('1'));
  });
});
