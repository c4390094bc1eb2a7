// Whether a key signed a token: every algorithm with every kind of key, and tokens that were changed.
import assert from 'node:assert/strict';
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readJwks } from '../../config/read-jwks.ts';
import { algorithms, type Jwt, parseJwt } from './parse-jwt.ts';
import { signatureProblem } from './verify-signature.ts';

const pair = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  OKP: generateKeyPairSync('ed25519'),
} as const;
type Kind = keyof typeof pair | 'oct';
const secret = Buffer.alloc(64, 7);
const kinds = [...(Object.keys(pair) as (keyof typeof pair)[]), 'oct'] as const;

const jwkOf = (kind: Kind): object =>
  kind === 'oct' ? { kty: 'oct', k: secret.toString('base64url') } : pair[kind].publicKey.export({ format: 'jwk' });
const keys = (...sets: readonly object[]) => readJwks(JSON.stringify({ keys: sets })) ?? [];

const kindFor = (alg: string): Kind => {
  if (alg === 'EdDSA') return 'OKP';
  if (alg.startsWith('HS')) return 'oct';
  if (alg.startsWith('ES')) return ({ ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const)[alg] ?? 'P-256';
  return 'RSA';
};

function signatureOf(alg: string, data: Buffer): Buffer {
  const kind = kindFor(alg);
  const digest = `sha${alg.slice(2)}`;
  if (kind === 'oct') return createHmac(digest, secret).update(data).digest();
  const key: KeyObject = pair[kind].privateKey;
  if (kind === 'OKP') return sign(null, data, key);
  if (alg.startsWith('ES')) return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' });
  const padding = alg.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return sign(digest, data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
}

function jwt(alg: string, header: object = {}, payload: object = { iss: 'i' }): Jwt {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg, ...header })}.${encode(payload)}`;
  const parsed = parseJwt(`${signed}.${signatureOf(alg, Buffer.from(signed)).toString('base64url')}`);
  assert.ok(parsed.kind === 'jwt');
  return parsed.jwt;
}

const fails = 'Jwt verification fails';
const noKey = "Jwks doesn't have key to match kid or alg from Jwt";

describe('a signature', () => {
  it('is that of the algorithm, by a key of its kind and no other', () => {
    for (const alg of algorithms)
      for (const kind of kinds) {
        const expected = kind === kindFor(alg) ? undefined : kind === 'OKP' ? /fails|wrong length/ : /fails/;
        const problem = signatureProblem(jwt(alg), keys(jwkOf(kind)));
        if (expected === undefined) assert.equal(problem, undefined, alg);
        else assert.match(problem ?? '', expected, `${alg} ${kind}`);
      }
  });

  it('is not made with a public key as the secret', () => {
    const jwk = jwkOf('RSA');
    const pem = pair.RSA.publicKey.export({ format: 'pem', type: 'spki' });
    const forged = jwt('HS256');
    for (const secretText of [JSON.stringify(jwk), pem]) {
      const signature = createHmac('sha256', secretText).update(forged.signed).digest();
      assert.equal(signatureProblem({ ...forged, signature }, keys(jwk)), fails);
    }
  });

  it('is of what was signed, to the last bit', () => {
    const good = jwt('ES256');
    const key = keys(jwkOf('P-256'));
    fc.assert(
      fc.property(fc.nat(good.signature.length * 8 - 1), (bit) => {
        const signature = Buffer.from(good.signature);
        signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.equal(signatureProblem({ ...good, signature }, key), fails);
      }),
      { numRuns: 50 },
    );
    assert.equal(signatureProblem({ ...good, signed: `${good.signed}x` }, key), fails);
    assert.equal(signatureProblem({ ...good, signature: Buffer.alloc(0) }, key), fails);
    assert.equal(signatureProblem({ ...good, signature: Buffer.alloc(64) }, key), fails);
  });
});

describe('the key', () => {
  it('is the one that the token names, or any where one of the two has no name', () => {
    const [a, b] = [
      { ...jwkOf('RSA'), kid: 'a' },
      { ...jwkOf('P-256'), kid: 'b' },
    ];
    assert.equal(signatureProblem(jwt('RS256', { kid: 'a' }), keys(b, a)), undefined);
    assert.equal(signatureProblem(jwt('RS256', { kid: 'b' }), keys(b, a)), fails);
    assert.equal(signatureProblem(jwt('RS256', { kid: 'c' }), keys(b, a)), noKey);
    assert.equal(signatureProblem(jwt('RS256'), keys(b, a)), undefined);
    assert.equal(signatureProblem(jwt('RS256', { kid: 'c' }), keys(b, jwkOf('RSA'))), undefined);
  });

  it('may say what it is for', () => {
    const key = { ...jwkOf('RSA'), alg: 'RS512' };
    assert.equal(signatureProblem(jwt('RS512'), keys(key)), undefined);
    assert.equal(signatureProblem(jwt('RS256'), keys(key)), noKey);
  });

  it('is passed over where it is broken', () => {
    assert.equal(
      signatureProblem(jwt('RS256'), keys({ kty: 'RSA', n: '', e: '' }, { kty: 'x' }, jwkOf('RSA'))),
      undefined,
    );
    assert.equal(signatureProblem(jwt('RS256'), keys({ kty: 'RSA' })), "Jwks doesn't have any valid public key");
    assert.equal(readJwks('{'), undefined);
    assert.equal(readJwks('{"keys": {}}'), undefined);
    assert.deepEqual(readJwks('{"keys": [null, 5, "x", [], {"kty": "EC"}]}'), []);
  });
});
