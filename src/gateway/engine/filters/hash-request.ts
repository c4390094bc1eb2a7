// The hash of a request by its route's hash policy: what consistent load balancing finds a host by.

import { xxHash64 } from '../cluster/xx-hash.ts';
import type { HashPolicy } from '../config/engine-config.ts';
import type { HeaderList } from '../http/header-list.ts';
import { parseQuery } from '../match/match-predicates.ts';

export interface HashedRequest {
  /** As the client sent them: routes change them later. */
  readonly headers: HeaderList;
  readonly path: string;
  /** Without the port. */
  readonly clientIp: string;
  /** `address:port` of both ends: what a new cookie's value is made of, so that a connection keeps it. */
  readonly connection: string;
}

export interface RequestHash {
  /** Undefined: nothing to tell the request by. */
  readonly hash: bigint | undefined;
  /** Values of set-cookie for the answer. */
  readonly setCookies: readonly string[];
}

/** Policies are mixed in order, each bit of what came before kept, until a terminal one has a hash (Envoy's HashPolicyImpl). */
export function hashRequest(policies: readonly HashPolicy[], request: HashedRequest): RequestHash {
  const setCookies: string[] = [];
  let hash: bigint | undefined;
  for (const policy of policies) {
    const own = hashBy(policy, request, setCookies);
    if (own !== undefined) hash = rotate(hash ?? 0n) ^ own;
    if (policy.terminal && hash !== undefined) break;
  }
  return { hash, setCookies };
}

const rotate = (value: bigint): bigint => BigInt.asUintN(64, value << 1n) | (value >> 63n);

function hashBy(policy: HashPolicy, request: HashedRequest, setCookies: string[]): bigint | undefined {
  switch (policy.kind) {
    case 'header': {
      const values = valuesOf(request.headers, policy.name);
      // Sorted: the order of a header's lines must not matter.
      return values.length === 0 ? undefined : values.sort().reduce((seed, value) => xxHash64(value, seed), 0n);
    }
    case 'query parameter': {
      const value = parseQuery(request.path).get(policy.name);
      return value === undefined ? undefined : xxHash64(value);
    }
    case 'source ip':
      return request.clientIp === '' ? undefined : xxHash64(request.clientIp);
    case 'cookie': {
      const value = cookieValue(request.headers, policy.name);
      if (value !== '') return xxHash64(value);
      if (policy.ttlSeconds === undefined) return undefined;
      const made = xxHash64(request.connection).toString(16).padStart(16, '0');
      setCookies.push(setCookie(policy, made));
      return xxHash64(made);
    }
  }
}

function valuesOf(headers: HeaderList, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) values.push(headers[i + 1] ?? '');
  return values;
}

/** '' where there is none. Quotes around a value are not part of it. */
function cookieValue(headers: HeaderList, name: string): string {
  for (const line of valuesOf(headers, 'cookie'))
    for (const part of line.split(';')) {
      const equals = part.indexOf('=');
      if (equals < 0 || part.slice(0, equals).replace(/^ +/, '') !== name) continue;
      return part.slice(equals + 1).replace(/^"(.*)"$/, '$1');
    }
  return '';
}

function setCookie(policy: Extract<HashPolicy, { kind: 'cookie' }>, value: string): string {
  const maxAge = policy.ttlSeconds ? `; Max-Age=${policy.ttlSeconds}` : '';
  const path = policy.path === '' ? '' : `; Path=${policy.path}`;
  const attributes = policy.attributes.map((one) =>
    one.value === '' ? `; ${one.name}` : `; ${one.name}=${one.value}`,
  );
  return `${policy.name}="${value}"${maxAge}${path}${attributes.join('')}; HttpOnly`;
}
