// Most resources are the same after a change of the model as before: what patches made of them is made once.
import { isDeepStrictEqual } from 'node:util';
import type { XdsResource } from '../../xds/resource.ts';
import type { CompiledPatch } from './compile-patches.ts';
import type { PatchedResource } from './patch-run.ts';

interface Made {
  readonly from: XdsResource;
  readonly patches: readonly CompiledPatch[];
  readonly result: PatchedResource;
}

/** By the first patch and the resource's name: forgotten with the EnvoyFilter, and one for each name. */
const known = new WeakMap<CompiledPatch, Map<string, Made>>();

/** Names come and go while an EnvoyFilter stays. */
const maxRemembered = 20_000;

const isSame = (a: readonly CompiledPatch[], b: readonly CompiledPatch[]): boolean =>
  a.length === b.length && a.every((patch, i) => patch === b[i]);

/** Equal in all that shows, though made anew. */
const isEqual = (a: XdsResource, b: XdsResource): boolean =>
  a.version === b.version && isDeepStrictEqual([a.owners, a.references], [b.owners, b.references]);

/** `patches` are at least one. */
export function rememberPatched(
  resource: XdsResource,
  patches: readonly CompiledPatch[],
  patch: () => PatchedResource,
): PatchedResource {
  const [first] = patches;
  if (first === undefined) return patch();
  const made = known.get(first) ?? new Map<string, Made>();
  known.set(first, made);
  const key = `${resource.typeUrl} ${resource.name}`;
  const before = made.get(key);
  if (before && isSame(before.patches, patches) && isEqual(before.from, resource))
    // What no patch changed is the resource of now, not its equal of then.
    return before.result.resource === before.from ? { ...before.result, resource } : before.result;
  const result = patch();
  if (made.size >= maxRemembered) made.clear();
  made.set(key, { from: resource, patches, result });
  return result;
}
