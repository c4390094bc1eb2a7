// A JSON Web Key Set → keys to verify with; those of a kind that Envoy does not have are passed over, as there.
import { createPublicKey, createSecretKey, type webcrypto } from 'node:crypto';
import type { JwtKey } from './jwt-config.ts';

type JsonWebKey = webcrypto.JsonWebKey & { readonly kid?: unknown };

/** Undefined: it is no key set. */
export function readJwks(text: string): readonly JwtKey[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    return Array.isArray(keys) ? keys.flatMap((key: JsonWebKey | null) => readKey(key ?? {}) ?? []) : undefined;
  } catch {
    return undefined;
  }
}

const kinds = new Set(['RSA', 'EC', 'OKP']);

function readKey(jwk: JsonWebKey): JwtKey | undefined {
  const { kid, alg, kty, k } = jwk;
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  const known = { kid: text(kid), alg: text(alg), kty: text(kty) ?? '' };
  try {
    if (kty === 'oct') return { ...known, key: createSecretKey(Buffer.from(text(k) ?? '', 'base64url')) };
    return kinds.has(known.kty) ? { ...known, key: createPublicKey({ key: jwk, format: 'jwk' }) } : undefined;
  } catch {
    return undefined;
  }
}
