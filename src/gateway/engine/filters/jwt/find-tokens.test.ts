// Where tokens are found, and that taking them away leaves the rest of a request as it was.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { JwtLocations } from '../../config/engine-config.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { decodedParameters } from '../../match/query-parameters.ts';
import { findTokens } from './find-tokens.ts';

const exchange = (path: string, headers: HeaderList = []): Exchange => {
  const fields: Partial<Exchange> = { path, headers };
  return fields as Exchange;
};
const places = (locations: Partial<JwtLocations>, issuer = 'i') => ({
  issuer,
  locations: { headers: [], params: [], cookies: [], ...locations },
});
const tokensOf = (found: ReturnType<typeof findTokens>): readonly string[] => found.map(({ token }) => token);

describe('tokens', () => {
  it('stand in headers, behind a prefix or alone', () => {
    const bearer = places({ headers: [{ name: 'authorization', prefix: 'Bearer ' }] });
    const inHeader = (value: string) => tokensOf(findTokens(exchange('/', ['authorization', value]), [bearer]));
    assert.deepEqual(inHeader('Bearer a.b.c'), ['a.b.c']);
    assert.deepEqual(inHeader('Bearer   (a.b.c d'), ['a.b.c d']);
    assert.deepEqual(inHeader('x Bearer a'), ['a']);
    assert.deepEqual(inHeader('bearer a'), []);
    assert.deepEqual(inHeader('Bearer ('), ['Bearer (']);
    assert.deepEqual(
      tokensOf(findTokens(exchange('/', ['x', 'a', 'x', 'b']), [places({ headers: [{ name: 'x', prefix: '' }] })])),
      ['a,b'],
    );
  });

  it('are looked at in one place once, for all issuers that have it', () => {
    const all = [places({ params: ['t', 'u'] }, 'one'), places({ params: ['u'], cookies: ['c'] }, 'two')];
    const found = findTokens(exchange('/?u=1&t=2&u=3', ['cookie', 'a=b; c="4"']), all);
    assert.deepEqual(
      found.map(({ token, issuers }) => [token, [...issuers]]),
      [
        ['2', ['one']],
        ['1', ['one', 'two']],
        ['4', ['two']],
      ],
    );
  });

  it('are taken out of headers and queries, and of nothing else', () => {
    const request = exchange('/p?a=1&t=x&b=%26&t=y', ['x-t', 'z', 'x-u', '1', 'x-t', 'w', 'cookie', 't=c']);
    const all = places({ headers: [{ name: 'x-t', prefix: '' }], params: ['t'], cookies: ['t'] });
    for (const { remove } of findTokens(request, [all])) remove();
    assert.deepEqual([request.path, request.headers], ['/p?a=1&b=&', ['x-u', '1', 'cookie', 't=c']]);
  });

  it('leave the other parameters as they were read', () => {
    const name = fc.stringMatching(/^[a-z]{1,3}$/);
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 8 }).map((value) => value.replace(/[&=#%]/g, ''));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { maxLength: 6 }), (pairs) => {
        const query = [...pairs, ['tok', 'x'] as const].map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
        const request = exchange(`/p?${query.join('&')}`);
        for (const { remove } of findTokens(request, [places({ params: ['tok'] })])) remove();
        const left = decodedParameters(request.path).filter(({ name: key }) => key !== '');
        const sorted = pairs
          .filter(([key]) => key !== 'tok')
          .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
          .map(([key, value]) => ({ name: key, value }));
        assert.deepEqual(left, sorted);
        assert.doesNotMatch(request.path, / /);
      }),
    );
  });
});
