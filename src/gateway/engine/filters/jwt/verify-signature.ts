// Whether one of a provider's keys signed a token (RFC 7515, RFC 7518, RFC 8037).
import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { JwtKey } from '../../config/engine-config.ts';
import type { Jwt } from './parse-jwt.ts';

/** Undefined: it did. Otherwise why not, in Envoy's words. */
export function signatureProblem(jwt: Jwt, keys: readonly JwtKey[]): string | undefined {
  if (keys.length === 0) return "Jwks doesn't have any valid public key";
  const fitting = keys.filter(
    ({ kid, alg }) =>
      (kid === undefined || jwt.kid === undefined || kid === jwt.kid) && (alg === undefined || alg === jwt.alg),
  );
  if (fitting.length === 0) return "Jwks doesn't have key to match kid or alg from Jwt";
  for (const key of fitting) {
    // Envoy tries no other key then, whatever the algorithm.
    if (key.kty === 'OKP' && jwt.signature.length !== ed25519Length) return 'Jwt ED25519 signature is wrong length';
    if (verifies(jwt, key)) return undefined;
  }
  return 'Jwt verification fails';
}

const ed25519Length = 64;

const curves: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };
const digestOf = (alg: string): string => `sha${alg.slice(2)}`;

/** The kind of the key decides: a public key is never taken for a shared secret. */
function verifies({ alg, signed, signature }: Jwt, { kty, key }: JwtKey): boolean {
  const data = Buffer.from(signed);
  try {
    switch (kty) {
      case 'RSA': {
        if (!/^[RP]S/.test(alg)) return false;
        const padding = alg.startsWith('P') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
        const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
        return verify(digestOf(alg), data, { key, padding, saltLength }, signature);
      }
      case 'EC':
        if (curves[alg] === undefined || key.asymmetricKeyDetails?.namedCurve !== curves[alg]) return false;
        return verify(digestOf(alg), data, { key, dsaEncoding: 'ieee-p1363' }, signature);
      case 'OKP':
        return alg === 'EdDSA' && key.asymmetricKeyType === 'ed25519' && verify(null, data, key, signature);
      case 'oct': {
        if (!alg.startsWith('HS')) return false;
        const expected = createHmac(digestOf(alg), key).update(data).digest();
        return expected.length === signature.length && timingSafeEqual(expected, signature);
      }
      default:
        return false;
    }
  } catch {
    return false;
  }
}
