// The order in which a route's changes to headers take place, and what they leave alone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestInfo } from '../access-log/request-info.fixture.ts';
import type { HeaderMutations, HeaderPut } from '../config/engine-config.ts';
import type { RequestInfo } from '../config/request-info.ts';
import { mutateHeaders } from './mutate-headers.ts';

const put = (name: string, value: HeaderPut['value'], action: HeaderPut['action'] = 'append'): HeaderPut => ({
  name,
  value,
  action,
  keepEmptyValue: false,
});
const headers = ['a', '1', 'b', '2', 'a', '3'];
const apply = (mutations: Partial<HeaderMutations>, list = headers): string[] =>
  mutateHeaders(list, { remove: [], put: [], ...mutations }, () => requestInfo());

describe('changes to headers', () => {
  test('remove every value of a name', () => assert.deepEqual(apply({ remove: ['a'] }), ['b', '2']));
  test('remove first, so that what is added stays', () =>
    assert.deepEqual(apply({ remove: ['a'], put: [put('a', '4')] }), ['b', '2', 'a', '4']));
  test('overwrite before they add', () =>
    assert.deepEqual(apply({ put: [put('b', 'added'), put('b', 'set', 'overwrite')] }), [
      ...['a', '1', 'a', '3', 'b', 'set', 'b', 'added'],
    ]));
  test('take the last of two that overwrite', () =>
    assert.deepEqual(apply({ put: [put('a', 'x', 'overwrite'), put('a', 'y', 'overwrite')] }), ['b', '2', 'a', 'y']));
  test('add if absent, and overwrite if present', () =>
    assert.deepEqual(
      apply({
        put: [
          put('a', 'x', 'add if absent'),
          put('c', 'x', 'add if absent'),
          put('b', 'x', 'overwrite if present'),
          put('d', 'x', 'overwrite if present'),
        ],
      }),
      ['a', '1', 'a', '3', 'b', 'x', 'c', 'x'],
    ));
  test('keep single-valued headers on one line', () =>
    assert.deepEqual(apply({ put: [put('via', '2')] }, ['via', '1']), ['via', '1,2']));
  test('do nothing with an empty value, unless it is to be kept', () => {
    assert.deepEqual(apply({ put: [put('a', '', 'overwrite'), put('c', () => '')] }), headers);
    assert.deepEqual(apply({ put: [{ ...put('b', '', 'overwrite'), keepEmptyValue: true }] }, ['b', '2']), ['b', '']);
  });
  test('ask what is known of the request once, and only where a value needs it', () => {
    let asked = 0;
    const info = (): RequestInfo => {
      asked += 1;
      return requestInfo();
    };
    mutateHeaders(headers, { remove: ['b'], put: [put('c', '1')] }, info);
    assert.equal(asked, 0);
    mutateHeaders(headers, { remove: [], put: [put('c', () => 'x'), put('d', () => 'y')] }, info);
    assert.equal(asked, 1);
  });
  test('leave the list that they were given', () => {
    const before = [...headers];
    apply({ remove: ['a'], put: [put('b', 'x', 'overwrite')] });
    assert.deepEqual(headers, before);
  });
});
