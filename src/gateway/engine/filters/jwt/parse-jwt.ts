// A JSON Web Token (RFC 7519) in its compact form → its parts, or what is wrong with it in Envoy's words.
import type { MetadataFields, MetadataValue } from '../../config/engine-config.ts';
import { isPlainJson } from './is-plain-json.ts';

export interface Jwt {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Seconds since 1970; 0 where it is not said. */
  readonly notBefore: number;
  readonly expires: number;
  readonly payload: MetadataFields;
  /** As it stands in the token. */
  readonly encodedPayload: string;
  /** What the signature is of. */
  readonly signed: string;
  readonly signature: Buffer;
}

export type ParsedJwt =
  | { readonly kind: 'jwt'; readonly jwt: Jwt }
  | { readonly kind: 'error'; readonly error: string };

export const algorithms: ReadonlySet<string> = new Set([
  ...['ES256', 'ES384', 'ES512', 'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  'EdDSA',
]);

/** Longer ones are not looked at: headers are bounded already, and query strings. */
const maxLength = 64 * 1024;

class Malformed extends Error {}
const fail = (error: string): never => {
  throw new Malformed(error);
};

/** Never throws. */
export function parseJwt(token: string): ParsedJwt {
  try {
    return { kind: 'jwt', jwt: parse(token) };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'error', error: error.message };
    throw error;
  }
}

function parse(token: string): Jwt {
  const parts = token.length > maxLength ? [] : token.split('.').filter((part) => part !== '');
  const [head = '', body = '', signature = ''] = parts;
  if (parts.length !== 3)
    return fail('Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections');
  const header = object(decode(head, 'Jwt header is an invalid Base64url encoded'), 'Jwt header is an invalid JSON');
  const { alg, kid } = header;
  if (typeof alg !== 'string') return fail('Jwt header [alg] field is required and must be a string');
  if (!algorithms.has(alg)) return fail('Jwt header [alg] is not supported');
  if (kid !== undefined && typeof kid !== 'string') return fail('Jwt header [kid] field is not a string');
  const payload = object(decode(body, 'Jwt payload is an invalid Base64url encoded'), 'Jwt payload is an invalid JSON');
  const issuer = text(payload, 'iss');
  text(payload, 'sub');
  time(payload, 'iat');
  const notBefore = time(payload, 'nbf');
  const expires = time(payload, 'exp');
  text(payload, 'jti');
  return {
    alg,
    kid: kid || undefined,
    issuer,
    audiences: audiencesOf(payload.aud),
    notBefore,
    expires,
    payload,
    encodedPayload: body,
    signed: `${head}.${body}`,
    signature: decode(signature, 'Jwt signature is an invalid Base64url encoded'),
  };
}

const base64url = /^[\w-]*(={0,2})$/;

/** Padding, and spaces among it, may be there: Envoy reads it so. */
function decode(part: string, error: string): Buffer {
  const text = part.replaceAll(/[\t-\r ]/g, '');
  const padding = base64url.exec(text)?.[1]?.length;
  // One character over a multiple of four carries less than a byte.
  if (padding === undefined || (padding === 0 ? text.length % 4 === 1 : text.length % 4 !== 0)) return fail(error);
  return Buffer.from(text, 'base64url');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function object(bytes: Buffer, error: string): MetadataFields {
  let text: string;
  let value: MetadataValue;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text) as MetadataValue;
  } catch {
    return fail(error);
  }
  // RFC 7519 4: claim names are unique; who reads the first and who reads the last would see different tokens.
  if (!isPlainJson(text)) return fail(error);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as MetadataFields) : fail(error);
}

function text(payload: MetadataFields, name: string): string {
  const value = Object.hasOwn(payload, name) ? payload[name] : '';
  return typeof value === 'string' ? value : fail(`Jwt payload [${name}] field is not a string`);
}

const limit = 2 ** 64;

function time(payload: MetadataFields, name: string): number {
  const value = Object.hasOwn(payload, name) ? payload[name] : 0;
  if (typeof value !== 'number') return fail(`Jwt payload [${name}] field is not an integer`);
  return value >= 0 && value < limit
    ? Math.trunc(value)
    : fail(`Jwt payload [${name}] field is not a positive 64 bit integer`);
}

function audiencesOf(value: MetadataValue | undefined): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [value];
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string');
  return isList ? (value as readonly string[]) : fail('Jwt payload [aud] field is not a string or string list');
}
