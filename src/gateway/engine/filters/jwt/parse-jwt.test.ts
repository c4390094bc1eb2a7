// What is a token and what is none, in Envoy's words; the texts were compared with Envoy 1.40 (test/features/request-authentication).
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isPlainJson } from './is-plain-json.ts';
import { parseJwt } from './parse-jwt.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64url');
const token = (header: unknown, payload: unknown): string =>
  `${encode(JSON.stringify(header))}.${encode(typeof payload === 'string' ? payload : JSON.stringify(payload))}.c2ln`;
const errorOf = (text: string): string | undefined => {
  const parsed = parseJwt(text);
  return parsed.kind === 'error' ? parsed.error : undefined;
};
const form = 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections';

describe('a token', () => {
  it('is taken apart', () => {
    const text = token({ alg: 'RS256', kid: 'k' }, { iss: 'i', aud: ['a', 'b'], nbf: 1.9, exp: 5, x: { y: [1] } });
    const parsed = parseJwt(text);
    assert.ok(parsed.kind === 'jwt');
    const { jwt } = parsed;
    assert.deepEqual(
      [jwt.alg, jwt.kid, jwt.issuer, jwt.audiences, jwt.notBefore, jwt.expires, jwt.signature.toString()],
      ['RS256', 'k', 'i', ['a', 'b'], 1, 5, 'sig'],
    );
    assert.deepEqual(jwt.payload.x, { y: [1] });
    assert.equal(`${jwt.signed}.c2ln`, text);
  });

  it('has three parts that are not empty', () => {
    for (const text of ['', '.', '..', 'a.b', 'a.b.c.d', 'a..c']) assert.equal(errorOf(text), form, text);
    assert.equal(errorOf(`${'a'.repeat(70_000)}.b.c`), form);
    assert.equal(errorOf(`.${token({ alg: 'ES256' }, {})}..`), undefined);
  });

  it('may be padded, rightly', () => {
    const text = token({ alg: 'ES256' }, {});
    const [head = '', body = ''] = text.split('.');
    assert.equal(errorOf(`${head}.${body}=.c2ln`), undefined);
    assert.equal(errorOf(`${head}.${body}=.YQ==`), undefined);
    for (const signature of ['YQ=', 'YQ===', 'a', 'Y+==', 'Y=Q='])
      assert.equal(errorOf(`${head}.${body}.${signature}`), 'Jwt signature is an invalid Base64url encoded', signature);
  });

  it('has a header with an algorithm that is known', () => {
    for (const [header, error] of [
      [[], 'Jwt header is an invalid JSON'],
      [null, 'Jwt header is an invalid JSON'],
      [{}, 'Jwt header [alg] field is required and must be a string'],
      [{ alg: 5 }, 'Jwt header [alg] field is required and must be a string'],
      [{ alg: 'none' }, 'Jwt header [alg] is not supported'],
      [{ alg: 'rs256' }, 'Jwt header [alg] is not supported'],
      [{ alg: 'RS256', kid: 5 }, 'Jwt header [kid] field is not a string'],
    ] as const)
      assert.equal(errorOf(token(header, {})), error, JSON.stringify(header));
  });

  it('has claims of their kinds', () => {
    for (const [payload, error] of [
      ['[]', 'Jwt payload is an invalid JSON'],
      [{ iss: 5 }, 'Jwt payload [iss] field is not a string'],
      [{ sub: null }, 'Jwt payload [sub] field is not a string'],
      [{ jti: [] }, 'Jwt payload [jti] field is not a string'],
      [{ iat: 'x' }, 'Jwt payload [iat] field is not an integer'],
      [{ nbf: -1 }, 'Jwt payload [nbf] field is not a positive 64 bit integer'],
      [{ exp: 1e20 }, 'Jwt payload [exp] field is not a positive 64 bit integer'],
      [{ exp: null }, 'Jwt payload [exp] field is not an integer'],
      [{ aud: 5 }, 'Jwt payload [aud] field is not a string or string list'],
      [{ aud: ['a', 5] }, 'Jwt payload [aud] field is not a string or string list'],
      ['{"__proto__": {"iss": "x"}}', undefined],
    ] as const)
      assert.equal(errorOf(token({ alg: 'RS256' }, payload)), error, JSON.stringify(payload));
  });

  it('never throws, whatever it is', () => {
    const part = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map(encode),
      fc.string({ unit: 'binary' }).map(encode),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        assert.match(parseJwt(parts.join('.')).kind, /^(jwt|error)$/);
      }),
    );
  });
});

describe('plain JSON', () => {
  it('is all that a serializer writes', () => {
    fc.assert(fc.property(fc.json({ stringUnit: 'grapheme' }), (text) => isPlainJson(text)));
  });

  it('is not what readers take for different things', () => {
    for (const text of [
      '{"a":1,"a":2}',
      '{"a":1,"\\u0061":2}',
      '{"b":[{"a":1,"c":2,"a":3}]}',
      '{"a":1e400}',
      '["\\ud800"]',
      '['.repeat(101) + ']'.repeat(101),
    ])
      assert.equal(isPlainJson(text), false, text);
    for (const text of ['{"a":{"a":1},"b":{"a":":"}}', '["{\\"a\\":1,\\"a\\":1}"]', '["\\ud83d\\ude00", -1.5e-300]'])
      assert.equal(isPlainJson(text), true, text);
  });
});
