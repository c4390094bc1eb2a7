// Where patches put things in an ordered list, with and without something to go by.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EnvoyPatch } from '../model/proxy-view.ts';
import { changeList } from './change-list.ts';

type Operation = EnvoyPatch['patch']['operation'];

const items = ['a', 'b', 'c', 'b'];
const change = (operation: Operation, name?: string) =>
  changeList(items, operation, name === undefined ? undefined : (item) => item === name, () => 'new')?.join('');

describe('a list of filters', () => {
  const cases: readonly (readonly [Operation, string | undefined, string | undefined])[] = [
    ['ADD', undefined, 'abcbnew'],
    ['ADD', 'b', 'abcbnew'],
    ['INSERT_FIRST', undefined, 'newabcb'],
    ['INSERT_FIRST', 'nobody', 'newabcb'],
    ['INSERT_BEFORE', 'b', 'anewbcb'],
    ['INSERT_BEFORE', undefined, 'newabcb'],
    ['INSERT_BEFORE', 'nobody', undefined],
    ['INSERT_AFTER', 'b', 'abnewcb'],
    ['INSERT_AFTER', undefined, 'abcbnew'],
    ['INSERT_AFTER', 'nobody', undefined],
    ['REPLACE', 'b', 'anewcb'],
    ['REPLACE', undefined, undefined],
    ['REPLACE', 'nobody', undefined],
    ['REMOVE', 'b', 'ac'],
    ['REMOVE', undefined, undefined],
    ['REMOVE', 'nobody', undefined],
    ['MERGE', 'b', undefined],
  ];
  for (const [operation, name, expected] of cases)
    it(`${operation} ${name ?? 'of nothing by name'}`, () => assert.equal(change(operation, name), expected));

  it('is never changed itself', () => assert.deepEqual(items, ['a', 'b', 'c', 'b']));
});
