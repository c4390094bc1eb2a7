// Second and third step of a request where routes are scoped: its scope's route configuration, and the virtual host in it.

import { scopeKey } from '../config/convert-scopes.ts';
import type { RouteTable, ScopeKeyBuilder, VirtualHost } from '../config/engine-config.ts';
import { matchVirtualHost, stripPort } from './match-virtual-host.ts';

export interface Scopes {
  readonly keyOf: ScopeKeyBuilder;
  /** What the gateway's own fallback filters do on Envoy, where the chain has them. */
  readonly fallsBack: boolean;
  /** By key of the scope. */
  tableOf(key: string): RouteTable | undefined;
}

/** The first wildcard that takes the name, the longest first; else the catch-all. */
function* wildcardsOf(name: string): Generator<string> {
  for (let dot = name.indexOf('.', 1); dot >= 0; dot = name.indexOf('.', dot + 1)) yield `*${name.slice(dot)}`;
  yield '*';
}

/**
 * Looked up as it is, in lower case, under each wildcard that takes it, and as `*`. Only the last part of a key falls back, behind
 * its first slash.
 */
export function findScopedHost(
  scopes: Scopes,
  authority: string,
  values: (name: string) => readonly string[],
): VirtualHost | undefined {
  const parts = scopes.keyOf(values);
  if (parts === undefined) return undefined;
  const hostIn = (key: readonly string[]): VirtualHost | undefined => {
    const table = scopes.tableOf(scopeKey(key));
    return table && matchVirtualHost(table, authority);
  };
  const found = hostIn(parts);
  if (found !== undefined || !scopes.fallsBack) return found;
  const [last = '', ...others] = parts.toReversed();
  const before = others.toReversed();
  const lower = last.toLowerCase();
  const slash = lower.indexOf('/');
  if (slash < 0) return undefined;
  const table = lower.slice(0, slash + 1);
  // The key may have lost more of it than a port.
  const name = stripPort(authority).toLowerCase();
  if (lower !== last) {
    const inLowerCase = hostIn([...before, lower]);
    if (inLowerCase !== undefined) return inLowerCase;
  }
  for (const wildcard of wildcardsOf(name)) {
    const host = hostIn([...before, `${table}${wildcard}`]);
    if (host !== undefined) return host;
    // A wildcard that has a scope is the one, as on Envoy, whatever its route configuration says.
    if (scopes.tableOf(scopeKey([...before, `${table}${wildcard}`])) !== undefined) return undefined;
  }
  return undefined;
}
