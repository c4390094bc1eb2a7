// The operations on ordered lists: filters of listeners, of chains, and of HTTP.
import type { EnvoyPatch } from '../model/proxy-view.ts';

/**
 * Undefined where nothing is done. `matches` is undefined where the patch names no item: what is inserted then goes to one
 * of the ends, and nothing is replaced or removed.
 */
export function changeList<T>(
  items: readonly T[],
  operation: EnvoyPatch['patch']['operation'],
  matches: ((item: T) => boolean) | undefined,
  make: () => T,
): readonly T[] | undefined {
  const found = matches === undefined ? -1 : items.findIndex(matches);
  const none = found < 0 && matches !== undefined;
  switch (operation) {
    case 'ADD':
      return [...items, make()];
    case 'INSERT_FIRST':
      return [make(), ...items];
    case 'INSERT_AFTER':
      if (none) return undefined;
      return matches === undefined ? [...items, make()] : items.toSpliced(found + 1, 0, make());
    case 'INSERT_BEFORE':
      return none ? undefined : items.toSpliced(Math.max(found, 0), 0, make());
    case 'REPLACE':
      return found < 0 ? undefined : items.toSpliced(found, 1, make());
    case 'REMOVE':
      return found < 0 ? undefined : items.filter((item) => matches?.(item) !== true);
    default:
      return undefined;
  }
}
