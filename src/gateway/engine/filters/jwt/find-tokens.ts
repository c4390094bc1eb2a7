// Where tokens of a request stand: headers, query parameters and cookies; and how they are taken away there.
import type { JwtLocations } from '../../config/engine-config.ts';
import type { Exchange } from '../../http/exchange.ts';
import { type HeaderList, withoutHeaders } from '../../http/header-list.ts';
import { requestHeaderValues } from '../../http/request-header-values.ts';
import { decodedParameters } from '../../match/query-parameters.ts';

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
      const remove = (): void => {
        exchange.headers = withoutHeaders(exchange.headers, new Set([name]));
      };
      return token === undefined ? [] : [{ token, issuers, remove }];
    }),
    ...[...params].flatMap((name): readonly FoundToken[] => {
      const token = decodedParameters(exchange.path).find((parameter) => parameter.name === name)?.value;
      const issuers = issuersOf((one) => one.params.includes(name));
      return token === undefined ? [] : [{ token, issuers, remove: () => removeParameter(exchange, name) }];
    }),
    ...[...cookies].flatMap((name): readonly FoundToken[] => {
      const token = cookieOf(exchange.headers, name);
      const issuers = issuersOf((one) => one.cookies.includes(name));
      // Envoy leaves cookies where they are.
      return token === undefined ? [] : [{ token, issuers, remove: () => {} }];
    }),
  ];
}

/** From what may begin a token after the prefix; without it, all. */
function tokenInHeader(values: readonly string[], prefix: string): string | undefined {
  if (values.length === 0) return undefined;
  const value = values.join(',');
  if (prefix === '') return value;
  const at = value.indexOf(prefix);
  if (at === -1) return undefined;
  const rest = value.slice(at + prefix.length);
  const start = rest.search(/[\w.-]/);
  return start === -1 ? value : rest.slice(start);
}

/** The others are written anew, sorted by name and decoded, as Envoy does; but a space would end the path. */
function removeParameter(exchange: Exchange, name: string): void {
  const question = exchange.path.indexOf('?');
  if (question === -1) return;
  const query = decodedParameters(exchange.path)
    .filter((parameter) => parameter.name !== name)
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map((parameter) => `${parameter.name}=${parameter.value}`.replaceAll(' ', '%20'))
    .join('&');
  exchange.path = exchange.path.slice(0, question) + (query === '' ? '' : `?${query}`);
}

function cookieOf(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'cookie') continue;
    const crumbs = (headers[i + 1] ?? '').split(';').map((crumb) => crumb.trim());
    const crumb = crumbs.find((one) => one.split('=', 1)[0] === name);
    if (crumb !== undefined) return crumb.slice(name.length + 1).replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}
