// Dynamic metadata in access logs: what Envoy 1.40 was seen to write.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metadataJson } from './metadata-json.ts';

describe('metadataJson', () => {
  for (const [value, text] of [
    [0, '0'],
    [-0, '-0'],
    [0.1, '0.1'],
    [100_000, '1e+05'],
    [123_456, '123456'],
    [1_000_000, '1e+06'],
    [1_234_567.5, '1234567.5'],
    [99_999.95, '99999.95'],
    [1e-7, '1e-07'],
    [0.000012345678, '1.2345678e-05'],
    [1.5e21, '1.5e+21'],
  ] as const)
    it(`writes ${value} as short as it can be`, () => assert.equal(metadataJson(value), text));

  it('sorts keys and keeps lists', () => {
    assert.equal(
      metadataJson({ b: [1, 'a', {}], a: { z: null, y: true } }),
      '{"a":{"y":true,"z":null},"b":[1,"a",{}]}',
    );
  });
});
