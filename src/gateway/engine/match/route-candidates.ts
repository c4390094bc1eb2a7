// Narrows thousands of routes down to those whose path could match, keeping their order: order decides.
import type { VirtualHost } from '../config/engine-config.ts';

/** Up to here a scan is as fast as any index. */
const scanLimit = 32;

interface RouteIndex {
  /** Positions of routes with this exact path. */
  readonly exact: ReadonlyMap<string, readonly number[]>;
  /** Positions of routes with this prefix. */
  readonly prefix: ReadonlyMap<string, readonly number[]>;
  /** Lengths of prefixes in use, ascending. */
  readonly prefixLengths: readonly number[];
  /** Positions of all others: regular expressions, any case. */
  readonly others: readonly number[];
}

/** Positions in `routes`, ascending. Every route that matches the path is among them. */
export function candidateRoutes(virtualHost: VirtualHost, path: string): Iterable<number> {
  if (virtualHost.routes.length <= scanLimit) return virtualHost.routes.keys();
  const index = indexOf(virtualHost);
  const lists: (readonly number[])[] = [index.others];
  const exact = index.exact.get(path);
  if (exact) lists.push(exact);
  for (const length of index.prefixLengths) {
    if (length > path.length) break;
    const found = index.prefix.get(path.slice(0, length));
    if (found) lists.push(found);
  }
  return merge(lists);
}

/** Ascending numbers of ascending lists; lazy, since the first match ends the search. */
function* merge(lists: readonly (readonly number[])[]): Generator<number> {
  const next = lists.map(() => 0);
  for (;;) {
    let smallest = Number.POSITIVE_INFINITY;
    let from = -1;
    for (const [i, list] of lists.entries()) {
      const value = list[next[i] ?? 0];
      if (value !== undefined && value < smallest) {
        smallest = value;
        from = i;
      }
    }
    if (from === -1) return;
    next[from] = (next[from] ?? 0) + 1;
    yield smallest;
  }
}

function buildIndex(virtualHost: VirtualHost): RouteIndex {
  const exact = new Map<string, number[]>();
  const prefix = new Map<string, number[]>();
  const others: number[] = [];
  for (const [position, { match }] of virtualHost.routes.entries()) {
    const { path } = match;
    if (path.kind === 'regex' || !path.caseSensitive) others.push(position);
    else add(path.kind === 'exact' ? exact : prefix, path.value, position);
  }
  const prefixLengths = [...new Set([...prefix.keys()].map((key) => key.length))].sort((a, b) => a - b);
  return { exact, prefix, prefixLengths, others };
}

function add(positions: Map<string, number[]>, key: string, position: number): void {
  const list = positions.get(key);
  if (list) list.push(position);
  else positions.set(key, [position]);
}

// Virtual hosts are immutable: an index lives as long as the host it was made from.
const indexes = new WeakMap<VirtualHost, RouteIndex>();

function indexOf(virtualHost: VirtualHost): RouteIndex {
  const known = indexes.get(virtualHost);
  if (known) return known;
  const index = buildIndex(virtualHost);
  indexes.set(virtualHost, index);
  return index;
}
