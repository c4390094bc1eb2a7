// Carries out what a route says about the headers of a message, in Envoy's order.
import type { HeaderMutations } from '../config/engine-config.ts';
import type { RequestInfo } from '../config/request-info.ts';
import { getHeader, type HeaderList, keptOnce, withoutHeaders } from '../http/header-list.ts';

/** A new list. `infoOf` is asked for only where a value depends on the request: it is given what is left before anything is added. */
export function mutateHeaders(
  headers: HeaderList,
  mutations: HeaderMutations,
  infoOf: (left: HeaderList) => RequestInfo,
): HeaderList {
  let changed = mutations.remove.length > 0 ? withoutHeaders(headers, new Set(mutations.remove)) : [...headers];
  let known: RequestInfo | undefined;
  const overwrites: string[] = [];
  const additions: string[] = [];
  // All values are made from the message as it is now, before one of them takes its place in it.
  for (const { name, value, action, keepEmptyValue } of mutations.put) {
    if (typeof value === 'function') known ??= infoOf(changed);
    const text = typeof value === 'string' ? value : value(known ?? infoOf(changed));
    if (text === '' && !keepEmptyValue) continue;
    if (action === 'overwrite' || (action === 'overwrite if present' && getHeader(changed, name) !== undefined))
      overwrites.push(name, text);
    else if (action === 'append' || (action === 'add if absent' && getHeader(changed, name) === undefined))
      additions.push(name, text);
  }
  if (overwrites.length > 0) changed = overwrite(changed, overwrites);
  for (let i = 0; i < additions.length; i += 2) add(changed, additions[i] ?? '', additions[i + 1] ?? '');
  return changed;
}

function add(headers: HeaderList, name: string, value: string): void {
  const there = keptOnce.has(name) ? headers.findIndex((text, i) => i % 2 === 0 && text === name) : -1;
  if (there >= 0) headers[there + 1] = `${headers[there + 1]},${value}`;
  else headers.push(name, value);
}

function overwrite(headers: HeaderList, overwrites: HeaderList): HeaderList {
  const last = new Map<string, string>();
  for (let i = 0; i < overwrites.length; i += 2) last.set(overwrites[i] ?? '', overwrites[i + 1] ?? '');
  return [...withoutHeaders(headers, last), ...[...last].flat()];
}
