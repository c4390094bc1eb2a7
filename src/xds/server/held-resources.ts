// What one stream's proxy has acknowledged, by name: proxies that have all there is share one map, however many they are.
import { PersistentMap, persistent } from '../../lib/incremental/persistent-map.ts';
import type { XdsResource } from '../resource.ts';

/** One whose bytes are not known: told by `initial_resource_versions` and no longer in the cache. */
export interface UnknownResource {
  readonly version: string;
  readonly bytes?: undefined;
}

/** A resource as the proxy acknowledged it. */
export type HeldResource = XdsResource | UnknownResource;

export const knownResource = (held: HeldResource | undefined): XdsResource | undefined =>
  held?.bytes === undefined ? undefined : held;

export interface HeldResources extends Pick<ReadonlyMap<string, HeldResource>, 'get' | 'has' | 'keys' | 'entries'> {
  readonly size: number;
  /** `undefined` takes a name away. */
  change(edits: Iterable<readonly [name: string, held: HeldResource | undefined]>): void;
  delete(name: string): void;
  clear(): void;
  /** Where it has exactly what there is, it keeps no copy of that. */
  shareWith(available: ReadonlyMap<string, XdsResource>): void;
}

export function createHeldResources(): HeldResources {
  let held: PersistentMap<HeldResource> = PersistentMap.empty();
  return {
    get size() {
      return held.size;
    },
    get: (name) => held.get(name),
    has: (name) => held.has(name),
    keys: () => held.keys(),
    entries: () => held.entries(),
    change(edits) {
      held = held.change(edits);
    },
    delete(name) {
      held = held.change([[name, undefined]]);
    },
    clear() {
      held = PersistentMap.empty();
    },
    shareWith(available) {
      if (held.size !== available.size) return;
      const all: PersistentMap<HeldResource> = persistent<HeldResource>(available);
      if (PersistentMap.changesBetween(held, all).length === 0) held = all;
    },
  };
}
