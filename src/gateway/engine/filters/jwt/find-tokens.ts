// Where tokens of a request stand: headers, query parameters and cookies; and how they are taken away there.
import type { JwtLocations } from '../../config/engine-config.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { requestHeaderValues } from '../../http/request-header-values.ts';

export interface FoundToken {
  readonly token: string;
  /** Whether its place is of the issuer: places of several providers may be looked at in one go. */
  readonly issuers: ReadonlySet<string>;
  /** Takes it out of the request. */
  readonly remove: () => void;
}

/** Whose places are looked at. */
export interface TokenPlaces {
  readonly issuer: string;
  readonly locations: JwtLocations;
}

/** Every place once, headers first, then parameters, then cookies, as in Envoy. */
export function findTokens(exchange: Exchange, places: readonly TokenPlaces[]): readonly FoundToken[] {
  const issuersOf = (looksThere: (locations: JwtLocations) => boolean): ReadonlySet<string> =>
    new Set(places.filter(({ locations }) => looksThere(locations)).map(({ issuer }) => issuer));
  const headers = new Map(
    places.flatMap(({ locations }) => locations.headers.map((one) => [`${one.name} ${one.prefix}`, one] as const)),
  );
  const params = new Set(places.flatMap(({ locations }) => locations.params));
  const cookies = new Set(places.flatMap(({ locations }) => locations.cookies));
  return [
    ...[...headers.values()].flatMap(({ name, prefix }): readonly FoundToken[] => {
      const token = tokenInHeader(requestHeaderValues(exchange, name), prefix);
      const issuers = issuersOf((one) => one.headers.some((other) => other.name === name && other.prefix === prefix));
      const remove = (): void => removeHeader(exchange, name);
      return token === undefined ? [] : [{ token, issuers, remove }];
    }),
    ...[...params].flatMap((name): readonly FoundToken[] => {
      const token = queryOf(exchange.path)?.get(name) ?? undefined;
      const issuers = issuersOf((one) => one.params.includes(name));
      return token === undefined ? [] : [{ token, issuers, remove: () => removeParameter(exchange, name) }];
    }),
    ...[...cookies].flatMap((name): readonly FoundToken[] => {
      const token = cookieOf(exchange.headers, name);
      const issuers = issuersOf((one) => one.cookies.includes(name));
      return token === undefined ? [] : [{ token, issuers, remove: () => removeCookie(exchange, name) }];
    }),
  ];
}

/** What looks like a token after the prefix, or all of it. */
function tokenInHeader(values: readonly string[], prefix: string): string | undefined {
  if (values.length === 0) return undefined;
  const value = values.join(',');
  if (prefix === '') return value;
  const at = value.indexOf(prefix);
  if (at === -1) return undefined;
  return /[\w.-]+/.exec(value.slice(at + prefix.length))?.[0] ?? value;
}

function removeHeader(exchange: Exchange, name: string): void {
  exchange.headers = exchange.headers.filter((_, i) => exchange.headers[i - (i % 2)] !== name);
}

function queryOf(path: string): URLSearchParams | undefined {
  const question = path.indexOf('?');
  return question === -1 ? undefined : new URLSearchParams(path.slice(question + 1).split('#', 1)[0]);
}

/** The others stay as they were written. */
function removeParameter(exchange: Exchange, name: string): void {
  const question = exchange.path.indexOf('?');
  if (question === -1) return;
  const kept = exchange.path
    .slice(question + 1)
    .split('&')
    .filter((pair) => ![...new URLSearchParams(pair).keys()].includes(name));
  exchange.path = exchange.path.slice(0, question) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}

const crumbsOf = (value: string): readonly string[] => value.split(';').map((crumb) => crumb.trim());
const isCrumbOf = (crumb: string, name: string): boolean => crumb.split('=', 1)[0] === name;

function cookieOf(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'cookie') continue;
    const crumb = crumbsOf(headers[i + 1] ?? '').find((one) => isCrumbOf(one, name));
    if (crumb !== undefined) return crumb.slice(name.length + 1).replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

function removeCookie(exchange: Exchange, name: string): void {
  const { headers } = exchange;
  exchange.headers = headers.flatMap((text, i) => {
    if (i % 2 === 1 || text !== 'cookie') return headers[i - 1] === 'cookie' && i % 2 === 1 ? [] : [text];
    const kept = crumbsOf(headers[i + 1] ?? '').filter((crumb) => !isCrumbOf(crumb, name));
    return kept.length === 0 ? [] : ['cookie', kept.join('; ')];
  });
}
