// From a data plane's rejection to the resources it is about, and to the user's objects behind them.
import { formatResourceRef, type ResourceRef } from '../lib/diagnostic.ts';
import { findRejectedNames } from './rejected-names.ts';
import type { ResourceSet } from './resource.ts';
import type { TypeStatus } from './server/xds-server.ts';
import type { TypeUrl } from './type-urls.ts';

export interface RejectedResources {
  readonly typeUrl: TypeUrl;
  /** The data plane's own text. */
  readonly error: string;
  /** What it is about: those the text names, else all that were rejected. */
  readonly names: readonly string[];
  /** Whose objects those come from; sorted, each once. */
  readonly owners: readonly ResourceRef[];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sorted by what people call them, each once. */
function uniqueOwners(owners: readonly ResourceRef[]): readonly ResourceRef[] {
  const byText = new Map(owners.map((owner) => [formatResourceRef(owner), owner]));
  return [...byText].sort(([a], [b]) => compare(a, b)).map(([, owner]) => owner);
}

/** One entry per type in error. `intended` tells the owners; without it there are none. */
export function findRejectedResources(
  types: ReadonlyMap<TypeUrl, TypeStatus>,
  intended: ResourceSet | undefined,
): readonly RejectedResources[] {
  return [...types].flatMap(([typeUrl, { error, rejected }]) => {
    if (error === undefined) return [];
    const named = findRejectedNames(error, rejected);
    const names = [...(named.length > 0 ? named : rejected)].sort(compare);
    const resources = intended?.get(typeUrl);
    const owners = uniqueOwners(names.flatMap((name) => resources?.get(name)?.owners ?? []));
    return [{ typeUrl, error, names, owners }];
  });
}
