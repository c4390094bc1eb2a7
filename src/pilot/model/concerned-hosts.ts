// Between two models: the hosts whose Services or rules are others now, so that only what leads there is made again.
import { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import type { DestinationRules } from './build-destination-rules.ts';
import type { ModelService } from './model.ts';
import { maxAliases } from './resolve-destination.ts';
import { sameList } from './same-list.ts';

/** `all`: a rule for many hosts is another. */
export type ConcernedHosts = 'all' | ReadonlySet<string>;

interface Backends {
  readonly serviceShapes: PersistentMap<ModelService>;
  readonly aliases: PersistentMap<ModelService>;
  readonly destinationRules: DestinationRules;
  readonly mesh: { readonly rootNamespace: string };
}

/** Names that stand for one of the hosts, by whatever way. */
function aliasesOf(hosts: ReadonlySet<string>, aliases: PersistentMap<ModelService>): readonly string[] {
  return [...aliases.keys()].filter((alias) => {
    let host: string | undefined = alias;
    for (let i = 0; i <= maxAliases && host !== undefined; i += 1) {
      if (hosts.has(host)) return true;
      host = aliases.get(host)?.alias;
    }
    return false;
  });
}

function changedRules(before: DestinationRules, after: DestinationRules): ConcernedHosts {
  const changed = new Set<string>();
  if (before === after) return changed;
  for (const namespace of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(namespace), after.get(namespace)];
    for (const host of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])]))
      if (!sameList(old?.get(host) ?? [], now?.get(host) ?? [])) changed.add(host);
  }
  return [...changed].some((host) => host.startsWith('*')) ? 'all' : changed;
}

export function concernedHosts(before: Backends | undefined, after: Backends): ConcernedHosts {
  // Rules of the root namespace are for everybody.
  if (before === undefined || before.mesh.rootNamespace !== after.mesh.rootNamespace) return 'all';
  const rules = changedRules(before.destinationRules, after.destinationRules);
  if (rules === 'all') return 'all';
  const shapes = PersistentMap.changesBetween(before.serviceShapes, after.serviceShapes).map(({ key }) => key);
  const hosts = new Set([...shapes, ...rules]);
  return hosts.size === 0 ? hosts : new Set([...hosts, ...aliasesOf(hosts, after.aliases)]);
}

/** Keys of what an index by destination has for the hosts; of `all` everything is meant. */
export const keysFor = <Value>(
  hosts: ConcernedHosts,
  byDestination: PersistentMap<PersistentMap<Value>>,
  all: PersistentMap<unknown>,
): Iterable<string> =>
  hosts === 'all' ? all.keys() : [...hosts].flatMap((host) => [...(byDestination.get(host)?.keys() ?? [])]);
