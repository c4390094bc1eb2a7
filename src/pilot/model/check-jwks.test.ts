// Which key sets can be used, and what is said of the others.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jwksProblem, maxJwksBytes } from './check-jwks.ts';

const set = (...keys: readonly unknown[]): string => JSON.stringify({ keys });

describe('a key set', () => {
  it('has a key that a data plane can use', () => {
    const ed25519 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    for (const text of [set(ed25519), set(5, null, {}, { kty: 'oct', k: 'AAAA' })])
      assert.equal(jwksProblem(text), undefined);
    for (const text of [
      set(),
      set({ kty: 'oct' }),
      set({ ...ed25519, x: 'AA' }),
      set({ ...ed25519, crv: 'Ed448' }),
      set({ kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' }),
      set({ kty: 'RSA', n: 'AA' }),
    ])
      assert.match(jwksProblem(text) ?? '', /^have none that can be used/, text);
  });

  it('is JSON with a list', () => {
    assert.equal(jwksProblem('<html>'), 'are no JSON');
    for (const text of ['[]', '5', 'null', '{}', '{"keys": {}}'])
      assert.match(jwksProblem(text) ?? '', /^are no JSON Web Key Set/, text);
  });

  it('is not too long, and whatever else it is throws nothing', () => {
    assert.equal(jwksProblem(' '.repeat(maxJwksBytes + 1)), 'are longer than 256 KiB');
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => typeof jwksProblem(text) === 'string'));
  });
});
