// The joint between whoever makes resources (translate, mounted secrets) and whoever sends them (xds/server).
import type { ResourceSet, XdsResource } from '../resource.ts';
import type { TypeUrl } from '../type-urls.ts';

export interface TypeDiff {
  readonly added: readonly XdsResource[];
  readonly changed: readonly XdsResource[];
  readonly removed: readonly string[];
}

/** Only types with a difference are present. */
export type ResourceDiff = ReadonlyMap<TypeUrl, TypeDiff>;

export interface ResourceCache {
  readonly current: ResourceSet;
  /** Replaces everything; equal versions are no difference. Subscribers are told synchronously, and only if something differs. */
  set(next: ResourceSet): ResourceDiff;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (diff: ResourceDiff) => void): () => void;
}
