// Resource names in the rejection texts of data planes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRejectedNames } from './rejected-names.ts';

test('finds names whole, not as parts of others', () => {
  const text = "Error adding/updating listener(s) 0.0.0.0_8080: error in 'http.80', and outbound|80||a.b.";
  const names = ['0.0.0.0_80', '0.0.0.0_8080', 'http.8', 'http.80', 'outbound|80||a', 'outbound|80||a.b', '80', ''];
  assert.deepEqual(findRejectedNames(text, names), ['0.0.0.0_8080', 'http.80', 'outbound|80||a.b']);
});

test('finds a name that stands whole after it stood as a part', () => {
  assert.deepEqual(findRejectedNames('http.8080 shadows http.80', ['http.80']), ['http.80']);
  assert.deepEqual(findRejectedNames('all is well', ['http.80']), []);
});
