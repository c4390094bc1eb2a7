// Tokens (JWT) for requests of tests, signed with the keys of test/e2e/tokens/keys.json, whose public halves manifests name.
import { constants, createHmac, createPrivateKey, type JsonWebKeyInput, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './tidegate-process.ts';

type PrivateKey = JsonWebKeyInput['key'] & { readonly kid: string; readonly k?: string };

const keys = JSON.parse(readFileSync(join(repositoryRoot, 'test/e2e/tokens/keys.json'), 'utf8')) as Readonly<
  Record<string, PrivateKey>
>;

export interface TokenDefinition {
  /** Of keys.json. */
  readonly key: string;
  readonly alg: string;
  /** In place of the usual `kid` and `typ`, or beside them; null takes one away. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** What is no object is taken as the payload's text. */
  readonly claims: Readonly<Record<string, unknown>> | string;
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function signature(alg: string, key: PrivateKey, data: Buffer): Buffer {
  if (alg === 'none') return Buffer.alloc(0);
  const digest = `sha${alg.slice(2)}`;
  if (alg.startsWith('HS'))
    return createHmac(digest, Buffer.from(key.k ?? '', 'base64url'))
      .update(data)
      .digest();
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  if (alg === 'EdDSA') return sign(null, data, privateKey);
  if (alg.startsWith('ES')) return sign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const padding = alg.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return sign(digest, data, { key: privateKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
}

export function signToken({ key: name, alg, header, claims }: TokenDefinition): string {
  const key = keys[name];
  if (key === undefined) throw new Error(`no key ${name}`);
  const fields = Object.entries({ alg, kid: key.kid, typ: 'JWT', ...header }).filter(([, value]) => value !== null);
  const signed = `${encode(Object.fromEntries(fields))}.${encode(claims)}`;
  return `${signed}.${signature(alg, key, Buffer.from(signed)).toString('base64url')}`;
}

/** `${token NAME}` and `${payload NAME}`, as it stands in the token, in a text. */
export function fillInTokens(text: string, definitions: Readonly<Record<string, TokenDefinition>>): string {
  const tokens = new Map(Object.entries(definitions).map(([name, definition]) => [name, signToken(definition)]));
  return text.replaceAll(/\$\{(token|payload) ([\w-]+)\}/g, (_, part: string, name: string) => {
    const token = tokens.get(name);
    if (token === undefined) throw new Error(`no token ${name}`);
    return part === 'token' ? token : (token.split('.')[1] ?? '');
  });
}

/** The public halves of keys of keys.json, as servers publish them. */
export function publicJwks(...names: readonly string[]): string {
  const published = names.map((name) => {
    const { kty, kid, crv, x, y, n, e } = keys[name] ?? {};
    return { kty, kid, crv, x, y, n, e, use: 'sig' };
  });
  return JSON.stringify({ keys: published });
}
