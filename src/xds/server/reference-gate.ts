// Make before break: holds back what refers to clusters a proxy does not have yet, and removals of what it still uses.
import type { XdsResource } from '../resource.ts';
import { type TypeUrl, typeUrls } from '../type-urls.ts';
import { isFullState } from './apply-request.ts';
import {
  availableOf,
  type HeldResource,
  isWanted,
  type PendingResponse,
  type StreamState,
  type TypeState,
} from './stream-state.ts';

/** A proxy that does not acknowledge a cluster in this time gets the routes to it anyway: nothing waits for ever. */
export const referenceWaitMs = 5000;
/** Time for the first requests of a new stream: a proxy that reconnects may ask for listeners before clusters. */
export const firstRequestsMs = 500;

export interface ReferenceGate {
  /** The resource refers to clusters that the proxy has not acknowledged. Bounded by `referenceWaitMs`. */
  mustWait(type: TypeState, resource: XdsResource): boolean;
  /** Something that the proxy has and that is out of date refers to it. */
  isInUse(typeUrl: TypeUrl, name: string): boolean;
  /** When to plan again although nothing happened, in the clock of `now`. */
  readonly wakeAt: number | undefined;
}

/** Which types' resources refer to a type's. */
const usersOf: Readonly<Record<TypeUrl, readonly TypeUrl[]>> = {
  [typeUrls.cluster]: [typeUrls.listener, typeUrls.route],
  [typeUrls.endpoint]: [typeUrls.cluster],
  [typeUrls.listener]: [],
  [typeUrls.route]: [typeUrls.listener],
  [typeUrls.secret]: [typeUrls.listener, typeUrls.cluster],
};

/** The endpoints of a cluster: those it refers to, else those of its own name. */
export function endpointNames(cluster: XdsResource): readonly string[] {
  const names = cluster.references.filter((r) => r.typeUrl === typeUrls.endpoint).map((r) => r.name);
  return names.length > 0 ? names : [cluster.name];
}

function* referencesOf(resource: XdsResource): Iterable<string> {
  for (const reference of resource.references) yield `${reference.typeUrl} ${reference.name}`;
  if (resource.typeUrl === typeUrls.cluster)
    for (const name of endpointNames(resource)) yield `${typeUrls.endpoint} ${name}`;
}

/** Everything that is in a proxy in another version than the cache's, or may be. */
function* staleResources(state: StreamState, type: TypeState): Iterable<HeldResource> {
  const available = availableOf(state, type.typeUrl);
  const candidates = new Set([...type.dirty, ...type.rejected.keys()]);
  for (const names of [type.pending?.resources.keys(), type.pending?.removed])
    for (const name of names ?? []) candidates.add(name);
  for (const name of candidates) {
    const newest = available.get(name)?.version;
    const held = type.held.get(name);
    if (held && held.version !== newest) yield held;
    for (const resource of [type.pending?.resources.get(name), type.rejected.get(name)])
      if (resource && resource.version !== newest) yield { version: resource.version, resource };
  }
}

/** References of what is out of date in the proxy; undefined where a resource's are not known. */
function findUsed(state: StreamState, users: readonly TypeUrl[]): ReadonlySet<string> | undefined {
  const used = new Set<string>();
  for (const typeUrl of users) {
    const type = state.types.get(typeUrl);
    if (!type) continue;
    for (const { resource } of staleResources(state, type)) {
      if (!resource) return undefined;
      for (const reference of referencesOf(resource)) used.add(reference);
    }
  }
  return used;
}

function isRemoval(state: StreamState, pending: PendingResponse, typeUrl: TypeUrl, name: string): boolean {
  return pending.removed.has(name) || (isFullState(state, typeUrl) && !pending.resources.has(name));
}

export function createReferenceGate(state: StreamState, now: number): ReferenceGate {
  const isYoung = now - state.connectedAt < firstRequestsMs;
  const usedBy = new Map<TypeUrl, ReadonlySet<string> | undefined>();
  let wakeAt: number | undefined;
  const wake = (at: number): void => {
    wakeAt = wakeAt === undefined ? at : Math.min(wakeAt, at);
  };

  const isSettled = (typeUrl: TypeUrl, name: string): boolean => {
    const type = state.types.get(typeUrl);
    if (!type || !availableOf(state, typeUrl).has(name)) return true;
    if (!type.subscribed && typeUrl === typeUrls.cluster) return !isYoung;
    // A removal on its way, when the cache has it again meanwhile.
    if (type.pending && isRemoval(state, type.pending, typeUrl, name)) return false;
    return type.held.has(name) || type.rejected.has(name);
  };
  const isClusterReady = (name: string): boolean => {
    const cluster = availableOf(state, typeUrls.cluster).get(name);
    const clusters = state.types.get(typeUrls.cluster);
    if (!cluster || !clusters || (clusters.subscribed && !isWanted(clusters, name))) return true;
    if (!isSettled(typeUrls.cluster, name)) return false;
    return !clusters.subscribed || endpointNames(cluster).every((e) => isSettled(typeUrls.endpoint, e));
  };

  return {
    mustWait(type, resource) {
      if (type.typeUrl !== typeUrls.listener && type.typeUrl !== typeUrls.route) return false;
      const waits = resource.references.some((r) => r.typeUrl === typeUrls.cluster && !isClusterReady(r.name));
      if (!waits) {
        type.waitingSince.delete(resource.name);
        return false;
      }
      const since = type.waitingSince.get(resource.name) ?? now;
      type.waitingSince.set(resource.name, since);
      if (now - since >= referenceWaitMs) return false;
      wake(since + referenceWaitMs);
      if (isYoung) wake(state.connectedAt + firstRequestsMs);
      return true;
    },
    isInUse(typeUrl, name) {
      const users = usersOf[typeUrl];
      if (isYoung && users.some((user) => state.types.get(user)?.subscribed === false)) {
        wake(state.connectedAt + firstRequestsMs);
        return true;
      }
      if (!usedBy.has(typeUrl)) usedBy.set(typeUrl, findUsed(state, users));
      const used = usedBy.get(typeUrl);
      return used === undefined || used.has(`${typeUrl} ${name}`);
    },
    get wakeAt() {
      return wakeAt;
    },
  };
}
