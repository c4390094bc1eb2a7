// Make before break: holds back what refers to clusters a proxy does not have yet, and removals of what it still uses.
import type { ResourceReference, XdsResource } from '../resource.ts';
import { tableOfScope } from '../resource-names.ts';
import { type TypeUrl, typeUrls } from '../type-urls.ts';
import { isFullState } from './apply-request.ts';
import { type HeldResource, knownResource } from './held-resources.ts';
import {
  availableOf,
  isWanted,
  type PendingResponse,
  type StreamState,
  type SupersededResource,
  type TypeState,
} from './stream-state.ts';

/** A proxy that does not acknowledge a cluster in this time gets the routes to it anyway: nothing waits for ever. */
export const referenceWaitMs = 5000;
/** A replaced listener counts as warm and drained after this time. Longer than Istio's drain time of 45 s. */
export const drainWaitMs = 60_000;
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
  [typeUrls.scopedRoute]: [typeUrls.listener],
  [typeUrls.route]: [typeUrls.listener, typeUrls.scopedRoute],
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
      if (resource && resource.version !== newest) yield resource;
  }
}

/**
 * An acknowledged listener is not one that serves: Envoy first waits for its routes and secrets, and connections of the old one
 * end later still. Envoy gives up the old routes when the last of them has ended, and that it tells.
 */
function isStillServing(state: StreamState, listeners: TypeState, old: SupersededResource): boolean {
  const current = knownResource(listeners.held.get(old.name));
  const isMissing = ({ typeUrl, name }: ResourceReference): boolean => {
    const type = state.types.get(typeUrl);
    return (
      type !== undefined && availableOf(state, typeUrl).has(name) && !type.held.has(name) && !type.rejected.has(name)
    );
  };
  // Its connections find their hosts by scopes until they end, which nothing tells.
  const refersToScopes = (of: XdsResource | undefined): boolean =>
    of?.references.some((r) => r.typeUrl === typeUrls.scopedRoute) === true;
  if (refersToScopes(knownResource(old.held)) && !refersToScopes(current)) return true;
  const warmsWith = current?.references.filter((r) => r.typeUrl === typeUrls.route || r.typeUrl === typeUrls.secret);
  if (warmsWith?.some(isMissing)) return true;
  const routes = state.types.get(typeUrls.route);
  const before = knownResource(old.held);
  const names = before
    ? before.references.filter((r) => r.typeUrl === typeUrls.route).map((r) => r.name)
    : [...(routes?.held.keys() ?? [])];
  return names.some((name) => routes?.held.has(name) && !availableOf(state, typeUrls.route).has(name));
}

function stillServing(state: StreamState, now: number): readonly SupersededResource[] {
  const listeners = state.types.get(typeUrls.listener);
  if (!listeners || listeners.superseded.length === 0) return [];
  listeners.superseded = listeners.superseded.filter(
    (old) => now - old.supersededAt < drainWaitMs && isStillServing(state, listeners, old),
  );
  return listeners.superseded;
}

/** References of what is out of date in the proxy; undefined where a resource's are not known. */
function findUsed(
  state: StreamState,
  users: readonly TypeUrl[],
  serving: readonly SupersededResource[],
): ReadonlySet<string> | undefined {
  const used = new Set<string>();
  for (const typeUrl of users) {
    const type = state.types.get(typeUrl);
    if (!type) continue;
    const old = typeUrl === typeUrls.listener ? serving.map(({ held }) => held) : [];
    for (const held of [...staleResources(state, type), ...old]) {
      const resource = knownResource(held);
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
  const serving = stillServing(state, now);
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
      const [oldest] = serving;
      if (oldest) wake(oldest.supersededAt + drainWaitMs);
      if (!usedBy.has(typeUrl)) usedBy.set(typeUrl, findUsed(state, users, serving));
      const used = usedBy.get(typeUrl);
      return (
        used === undefined || used.has(`${typeUrl} ${typeUrl === typeUrls.scopedRoute ? tableOfScope(name) : name}`)
      );
    },
    get wakeAt() {
      return wakeAt;
    },
  };
}
