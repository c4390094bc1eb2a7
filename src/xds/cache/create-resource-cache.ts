// Holds the newest ResourceSet of one class of proxies and tells the streams what a new one changes.
import { PersistentMap, persistent } from '../../lib/incremental/persistent-map.ts';
import { emptyResourceSet, type ResourceSet, type XdsResource } from '../resource.ts';
import type { TypeUrl } from '../type-urls.ts';
import type { ResourceCache, ResourceDiff, TypeDiff } from './resource-cache.ts';

type Resources = ReadonlyMap<string, XdsResource>;
const none: Resources = new Map();

/** What takes `previous` to `next`; undefined if nothing does. */
function diffResources(previous: Resources, next: Resources): TypeDiff | undefined {
  const added: XdsResource[] = [];
  const changed: XdsResource[] = [];
  const removed: string[] = [];
  for (const { key, before, after } of PersistentMap.changesBetween(persistent(previous), persistent(next)))
    if (after === undefined) removed.push(key);
    else if (before === undefined) added.push(after);
    else if (before.version !== after.version) changed.push(after);
  return added.length + changed.length + removed.length === 0 ? undefined : { added, changed, removed };
}

export function createResourceCache(initial: ResourceSet = emptyResourceSet): ResourceCache {
  let current = initial;
  const listeners = new Set<(diff: ResourceDiff) => void>();
  return {
    get current() {
      return current;
    },
    set(next) {
      const previous = current;
      const diff = new Map<TypeUrl, TypeDiff>();
      const kept = new Map<TypeUrl, Resources>();
      for (const typeUrl of new Set([...previous.keys(), ...next.keys()])) {
        const before = previous.get(typeUrl) ?? none;
        const after = next.get(typeUrl) ?? none;
        const difference = diffResources(before, after);
        if (difference) diff.set(typeUrl, difference);
        // Equal content may have other references or owners: no difference to a proxy, yet it must be known here.
        if (next.has(typeUrl)) kept.set(typeUrl, after);
      }
      current = kept;
      // A copy: a listener may end its own or another subscription while it is told.
      if (diff.size > 0) for (const listener of [...listeners]) listener(diff);
      return diff;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
