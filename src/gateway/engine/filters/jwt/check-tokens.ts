// Whether a request has the tokens that a rule wants; a good one leaves its claims behind for endpoints, policies and routes.
import { withMetadata } from '../../config/dynamic-metadata.ts';
import type { JwtProvider, JwtRequirement, MetadataFields, MetadataValue } from '../../config/engine-config.ts';
import type { Exchange } from '../../http/exchange.ts';
import { isSendable } from '../sendable-header.ts';
import { type FoundToken, findTokens } from './find-tokens.ts';
import { type Jwt, parseJwt } from './parse-jwt.ts';
import { signatureProblem } from './verify-signature.ts';

/** In Envoy's words. */
export type JwtStatus = string;
export const ok = 'OK';
export const missing = 'Jwt is missing';
const unknownIssuer = 'Jwt issuer is not configured';

/** Milliseconds since 1970. */
export interface TokenCheck {
  readonly exchange: Exchange;
  readonly now: number;
  /** Set once a token is good whose provider wants the route looked for again. */
  selectsRouteAgain: boolean;
  /** Set once a claim cannot be put in the header it is for. */
  unsendable: { readonly name: string; readonly value: string } | undefined;
}

export function checkRequirement(requirement: JwtRequirement, check: TokenCheck): JwtStatus {
  switch (requirement.kind) {
    case 'provider':
      return checkProvider(requirement.provider, requirement.audiences, check);
    case 'optional':
      return checkOptional(requirement.providers, requirement.forgives, check);
    case 'all': {
      for (const one of requirement.of) {
        const status = checkRequirement(one, check);
        if (status !== ok) return status;
      }
      return ok;
    }
    case 'any': {
      let worst: JwtStatus = missing;
      for (const one of requirement.of) {
        const status = checkRequirement(one, check);
        if (status === ok) return ok;
        if (tells(status) >= tells(worst)) worst = status;
      }
      return worst;
    }
  }
}

/** How much a status tells: that of a token of the right issuer comes before others, a later one before an earlier. */
const tells = (status: JwtStatus): number => (status === missing ? 0 : status === unknownIssuer ? 1 : 2);

/** All tokens in its places have to be good. */
function checkProvider(provider: JwtProvider, audiences: readonly string[] | undefined, check: TokenCheck): JwtStatus {
  let status: JwtStatus = missing;
  for (const found of findTokens(check.exchange, [provider])) {
    status = checkToken(found, [provider], audiences, check);
    if (status !== ok) return status;
  }
  return status;
}

/** All that are there count, and the last decides, as in Envoy. */
function checkOptional(providers: readonly JwtProvider[], forgives: boolean, check: TokenCheck): JwtStatus {
  let status: JwtStatus = ok;
  for (const found of findTokens(check.exchange, providers)) status = checkToken(found, providers, undefined, check);
  return forgives ? ok : status;
}

function checkToken(
  found: FoundToken,
  providers: readonly JwtProvider[],
  audiences: readonly string[] | undefined,
  check: TokenCheck,
): JwtStatus {
  const parsed = parseJwt(found.token);
  if (parsed.kind === 'error') return parsed.error;
  const { jwt } = parsed;
  const isAllowedHere = found.issuers.has(jwt.issuer) || found.issuers.has('');
  const provider = providers.find(({ issuer }) => issuer === jwt.issuer || issuer === '');
  if (!isAllowedHere || provider === undefined) return unknownIssuer;
  const problem = timeProblem(jwt, provider, check.now) ?? audienceProblem(jwt, audiences ?? provider.audiences);
  if (problem !== undefined) return problem;
  const signature = signatureProblem(jwt, provider.keys);
  if (signature !== undefined) return signature;
  accept(jwt, provider, found, check);
  return ok;
}

function timeProblem(
  { notBefore, expires }: Jwt,
  { clockSkewSeconds }: JwtProvider,
  now: number,
): JwtStatus | undefined {
  const seconds = Math.floor(now / 1000);
  if (notBefore > seconds + clockSkewSeconds) return 'Jwt not yet valid';
  return expires !== 0 && seconds > expires + clockSkewSeconds ? 'Jwt is expired' : undefined;
}

/** Scheme and a slash at the end do not tell audiences apart. */
const plain = (audience: string): string => audience.replace(/^https?:\/\//, '').replace(/\/$/, '');

function audienceProblem({ audiences }: Jwt, wanted: readonly string[]): JwtStatus | undefined {
  if (wanted.length === 0) return undefined;
  const allowed = new Set(wanted.map(plain));
  return audiences.some((one) => allowed.has(plain(one))) ? undefined : 'Audiences in Jwt are not allowed';
}

function accept(jwt: Jwt, provider: JwtProvider, found: FoundToken, check: TokenCheck): void {
  const { exchange } = check;
  if (!provider.forwards) found.remove();
  if (!isSendable({ name: ':path', value: exchange.path }))
    check.unsendable ??= { name: ':path', value: exchange.path };
  const { payloadHeader, claimHeaders, payloadInMetadata } = provider;
  if (payloadHeader !== undefined) {
    const padding = provider.padsPayloadHeader ? '='.repeat((4 - (jwt.encodedPayload.length % 4)) % 4) : '';
    exchange.headers = [...exchange.headers, payloadHeader, jwt.encodedPayload + padding];
  }
  for (const { header, claim } of claimHeaders) {
    const value = claimText(claimAt(jwt.payload, claim));
    if (!value) continue;
    if (isSendable({ name: header, value })) exchange.headers = [...exchange.headers, header, value];
    else check.unsendable ??= { name: header, value };
  }
  if (payloadInMetadata !== undefined)
    exchange.info.metadata = withMetadata(exchange.info.metadata, 'envoy.filters.http.jwt_authn', {
      [payloadInMetadata]: normalize(jwt.payload, provider.spaceDelimitedClaims),
    });
  if (provider.clearsRouteCache) check.selectsRouteAgain = true;
}

/** A dot leads into a map. */
function claimAt(payload: MetadataFields, claim: string): MetadataValue | undefined {
  let value: MetadataValue | undefined = payload;
  for (const key of claim.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const fields = value as MetadataFields;
    value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  }
  return value;
}

/** Lists and maps are JSON in base64, and null is nothing. */
function claimText(value: MetadataValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object') return Buffer.from(JSON.stringify(value)).toString('base64');
  if (typeof value === 'number') return numberText(value);
  // Headers are bytes: one character each.
  return Buffer.from(String(value)).toString('latin1');
}

const maxWhole = 2 ** 64;

/** As Envoy writes them: six decimals where it is no whole number from 0 on. */
function numberText(value: number): string {
  if (Number.isInteger(value) && value >= 0 && value < maxWhole) return BigInt(value).toString();
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

function normalize(payload: MetadataFields, claims: readonly string[]): MetadataFields {
  const lists = claims.flatMap((name) => {
    const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
    return typeof value === 'string' ? [[name, value.split(' ').filter((word) => word !== '')] as const] : [];
  });
  return lists.length === 0 ? payload : { ...payload, ...Object.fromEntries(lists) };
}
