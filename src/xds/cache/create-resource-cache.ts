// Holds the newest ResourceSet of one class of proxies and tells the streams what a new one changes.
import { emptyResourceSet, type ResourceSet, type XdsResource } from '../resource.ts';
import type { TypeUrl } from '../type-urls.ts';
import type { ResourceCache, ResourceDiff, TypeDiff } from './resource-cache.ts';

type Resources = ReadonlyMap<string, XdsResource>;
const none: Resources = new Map();

/** What takes `previous` to `next`; undefined if nothing does. */
function diffResources(previous: Resources, next: Resources): TypeDiff | undefined {
  if (previous === next) return undefined;
  const added: XdsResource[] = [];
  const changed: XdsResource[] = [];
  const removed: string[] = [];
  for (const [name, resource] of next) {
    const before = previous.get(name);
    if (before === undefined) added.push(resource);
    else if (before.version !== resource.version) changed.push(resource);
  }
  for (const name of previous.keys()) if (!next.has(name)) removed.push(name);
  return added.length + changed.length + removed.length === 0 ? undefined : { added, changed, removed };
}

/** Equal content but other references or owners (a rename of the user's object) is no difference to a proxy, yet must be known here. */
const isSameOrigin = (previous: Resources, next: Resources): boolean => {
  if (previous === next) return true;
  for (const [name, resource] of next) if (previous.get(name) !== resource) return false;
  return true;
};

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
        if (next.has(typeUrl)) kept.set(typeUrl, !difference && isSameOrigin(before, after) ? before : after);
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
