// Whether a set of keys has one that a data plane can use: without, nobody could tell a good token from a bad one.
import { createPublicKey, type webcrypto } from 'node:crypto';

type JsonWebKey = webcrypto.JsonWebKey;

/** Far more than any issuer has. */
export const maxJwksBytes = 256 * 1024;
const curves: ReadonlySet<unknown> = new Set(['P-256', 'P-384', 'P-521']);

/** Why it cannot be used, completing "The keys …"; undefined if they can. */
export function jwksProblem(text: string): string | undefined {
  if (Buffer.byteLength(text) > maxJwksBytes) return `are longer than ${maxJwksBytes / 1024} KiB`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'are no JSON';
  }
  const keys = typeof parsed === 'object' && parsed !== null && 'keys' in parsed ? parsed.keys : undefined;
  if (!Array.isArray(keys)) return 'are no JSON Web Key Set: they have no list `keys`';
  if (!keys.some(isUsable)) return 'have none that can be used: RSA, EC (P-256, P-384, P-521), OKP (Ed25519) or oct';
  return undefined;
}

function isUsable(key: unknown): boolean {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, crv, k } = key as JsonWebKey;
  if (kty === 'oct') return typeof k === 'string' && k !== '';
  if (kty !== 'RSA' && !(kty === 'EC' && curves.has(crv)) && !(kty === 'OKP' && crv === 'Ed25519')) return false;
  try {
    createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}
