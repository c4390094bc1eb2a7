// Does to a request what the service said that let it pass, and to its answer, whoever gives it.
import type { Exchange, LocalReply } from '../http/exchange.ts';
import { getHeader, type HeaderList, keptOnce, setHeader, withoutHeaders } from '../http/header-list.ts';
import type { Allowed, HeaderChange } from './authorization.ts';
import { isSendable, isSendablePath, refuseHeader } from './sendable-header.ts';

const invalid: LocalReply = { status: 500, body: '', details: 'ext_authz_invalid', flags: ['UAEX'] };

/** What refuses the request in spite of it; undefined: it may go on. */
export function allowRequest(exchange: Exchange, answer: Allowed): LocalReply | undefined {
  const wrong = answer.requestHeaders.find((change) => !isSendable(change));
  if (wrong !== undefined) return refuseHeader(wrong);
  for (const change of answer.requestHeaders) changeRequestHeader(exchange, change);
  const removed = new Set(answer.removeHeaders.filter((name) => !name.startsWith(':') && name !== 'host'));
  if (removed.size > 0) exchange.headers = withoutHeaders(exchange.headers, removed);
  changeQuery(exchange, answer);
  if (!isSendablePath(exchange.path + exchange.authority + exchange.method) || isTooLarge(exchange)) return invalid;
  const added = answer.responseHeaders.filter(isSendable);
  if (added.length > 0) {
    const before = exchange.completeResponse;
    exchange.completeResponse = (headers) => changeHeaders(before?.(headers) ?? headers, added);
  }
  return undefined;
}

function changeRequestHeader(exchange: Exchange, change: HeaderChange): void {
  switch (change.name) {
    case ':authority':
    case 'host':
      exchange.authority = change.value;
      return;
    case ':path':
      exchange.path = change.value;
      return;
    case ':method':
      exchange.method = change.value;
      return;
    default:
      if (!change.name.startsWith(':')) exchange.headers = changeHeaders(exchange.headers, [change]);
  }
}

/** A new list. */
export function changeHeaders(received: HeaderList, changes: readonly HeaderChange[]): HeaderList {
  const headers = [...received];
  for (const { name, value, action } of changes) {
    const known = getHeader(headers, name);
    switch (action) {
      case 'set':
        setHeader(headers, name, value);
        break;
      case 'set if present':
        if (known !== undefined) setHeader(headers, name, value);
        break;
      case 'append if present':
        if (known !== undefined) setHeader(headers, name, `${known},${value}`);
        break;
      case 'add if absent':
        if (known === undefined) headers.push(name, value);
        break;
      case 'add':
        if (known !== undefined && keptOnce.has(name)) setHeader(headers, name, `${known},${value}`);
        else headers.push(name, value);
        break;
    }
  }
  return headers;
}

/** Sorted by name, as Envoy puts them together. */
function changeQuery(exchange: Exchange, { setQuery, removeQuery }: Allowed): void {
  if (setQuery.length + removeQuery.length === 0) return;
  const [path = '', query = ''] = exchange.path.split(/\?(.*)/s, 2);
  const parameters = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    parameters.set(name, [...(parameters.get(name) ?? []), equals === -1 ? '' : pair.slice(equals + 1)]);
  }
  for (const [name, value] of setQuery) parameters.set(name, [value]);
  for (const name of removeQuery) parameters.delete(name);
  const text = [...parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, values]) => values.map((value) => `${name}=${value}`))
    .join('&');
  exchange.path = text === '' ? path : `${path}?${text}`;
}

/** Pseudo headers count too. */
function isTooLarge({ headers, manager, path, authority, method }: Exchange): boolean {
  if (headers.length / 2 + 4 > manager.maxRequestHeadersCount) return true;
  const ofPseudoHeaders = ':path:authority:method:scheme'.length + path.length + authority.length + method.length + 5;
  return headers.reduce((bytes, text) => bytes + text.length, ofPseudoHeaders) > manager.maxRequestHeadersKb * 1024;
}
