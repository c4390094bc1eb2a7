// The whole of the user's objects at one moment: what a source yields and the model is built from.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { Resource, ResourceKind } from './resource.ts';

/** `namespace/name`. */
export type ObjectKey = string;

export type ObjectsOfKind<Kind extends ResourceKind> = ReadonlyMap<ObjectKey, Resource<Kind>>;

/** Every kind is present, empty where there is none. */
export type SnapshotObjects = { readonly [Kind in ResourceKind]: ObjectsOfKind<Kind> };

export interface ChangedObject {
  readonly kind: ResourceKind;
  readonly key: ObjectKey;
}

export interface Snapshot {
  /** Unchanged objects keep their identity from snapshot to snapshot, and so do unchanged maps. */
  readonly objects: SnapshotObjects;
  /** What differs from the snapshot before: added, changed or removed. */
  readonly changed: readonly ChangedObject[];
  /** Another number than before: objects that stayed the same stand elsewhere in their files. */
  readonly moves: number;
  /** Problems of the source itself (files that do not parse, unknown kinds, duplicates); those of an object are on it. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface Source {
  /** Calls `onSnapshot` once everything is read for the first time, and again after each change, until the signal aborts. */
  run(onSnapshot: (snapshot: Snapshot) => void, signal: AbortSignal): Promise<void>;
}

export function objectKey(namespace: string, name: string): ObjectKey {
  return `${namespace}/${name}`;
}
