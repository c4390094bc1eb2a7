// Decides what a stream's proxy is sent now: at most one response per type under way, in push order.
import type { XdsResource } from '../resource.ts';
import { type TypeUrl, typeUrls } from '../type-urls.ts';
import { clearSettledError, forget, isFullState } from './apply-request.ts';
import { knownResource } from './held-resources.ts';
import { createReferenceGate, endpointNames, type ReferenceGate } from './reference-gate.ts';
import { availableOf, isWanted, type StreamState, type TypeState } from './stream-state.ts';

export interface PlannedResponse {
  readonly typeUrl: TypeUrl;
  readonly nonce: string;
  /** Sorted by name. */
  readonly resources: readonly XdsResource[];
  /** Delta only. */
  readonly removed: readonly string[];
}

export interface Plan {
  readonly responses: readonly PlannedResponse[];
  /** When to plan again even if nothing happens. */
  readonly wakeAt: number | undefined;
}

type Decision = 'send' | 'remove' | 'wait' | 'linger' | 'none';

interface Composition {
  readonly resources: XdsResource[];
  readonly removed: string[];
}

const isEmpty = ({ resources, removed }: Composition): boolean => resources.length + removed.length === 0;
const byName = (a: XdsResource, b: XdsResource): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Marks what it plans as under way; the caller sends it. */
export function planResponses(state: StreamState, now: number): Plan {
  const responses: PlannedResponse[] = [];
  for (;;) {
    const gate = createReferenceGate(state, now);
    let hasDropped = false;
    for (const type of state.types.values()) {
      if (!type.subscribed || type.pending) continue;
      const heldBefore = type.held.size;
      const composition = compose(state, type, gate);
      if (composition) responses.push(markSent(state, type, composition, now));
      else {
        // SotW drops without a message, and what that frees comes earlier in the order: look again.
        hasDropped ||= type.held.size < heldBefore;
        if (type.dirty.size === 0) clearSettledError(type);
      }
    }
    if (!hasDropped) return { responses, wakeAt: gate.wakeAt };
  }
}

function compose(state: StreamState, type: TypeState, gate: ReferenceGate): Composition | undefined {
  if (isFullState(state, type.typeUrl)) return composeFullState(state, type, gate);
  return composeSuspects(state, type, gate) ?? composeRest(state, type, gate);
}

/** The first part of a rejected response that can go out; parts that have to wait stay parts. */
function composeSuspects(state: StreamState, type: TypeState, gate: ReferenceGate): Composition | undefined {
  const batches = type.suspects.splice(0);
  let found: Composition | undefined;
  for (const batch of batches) {
    const composition: Composition | undefined = found ? undefined : composeSubset(state, type, gate, batch);
    if (composition && !isEmpty(composition)) found = composition;
    const rest = batch.filter((name) => type.dirty.has(name));
    if (rest.length > 0) type.suspects.push(rest);
  }
  return found;
}

function composeRest(state: StreamState, type: TypeState, gate: ReferenceGate): Composition | undefined {
  const suspects = new Set(type.suspects.flat());
  const names = [...type.dirty].filter((name) => !suspects.has(name));
  const composition = composeSubset(state, type, gate, names);
  return isEmpty(composition) && !type.owesResponse ? undefined : composition;
}

function composeSubset(
  state: StreamState,
  type: TypeState,
  gate: ReferenceGate,
  names: readonly string[],
): Composition {
  const composition: Composition = { resources: [], removed: [] };
  const available = availableOf(state, type.typeUrl);
  for (const name of names) {
    const decision = decide(state, type, name, gate);
    if (decision !== 'wait' && decision !== 'send') type.waitingSince.delete(name);
    if (decision === 'wait' || decision === 'linger') continue;
    type.dirty.delete(name);
    type.forced.delete(name);
    const resource = available.get(name);
    if (decision === 'send' && resource) composition.resources.push(resource);
    if (decision === 'remove' && state.protocol === 'delta') composition.removed.push(name);
    // SotW has no word for it.
    if (decision === 'remove' && state.protocol === 'SotW') forget(type, name);
  }
  composition.resources.sort(byName);
  composition.removed.sort();
  return composition;
}

/** All or nothing: a response without the listener that has to wait would remove it. */
function composeFullState(state: StreamState, type: TypeState, gate: ReferenceGate): Composition | undefined {
  const lingering: XdsResource[] = [];
  let isDue = type.owesResponse;
  let mustWait = false;
  for (const name of type.dirty) {
    const decision = decide(state, type, name, gate);
    if (decision !== 'wait' && decision !== 'send') type.waitingSince.delete(name);
    if (decision === 'wait') mustWait = true;
    else if (decision === 'linger') {
      const resource = knownResource(type.held.get(name)) ?? type.rejected.get(name);
      if (resource) lingering.push(resource);
    } else if (decision === 'none') type.dirty.delete(name);
    else isDue = true;
  }
  if (mustWait || !isDue) return undefined;
  type.dirty.clear();
  type.forced.clear();
  for (const resource of lingering) type.dirty.add(resource.name);
  const wanted = [...availableOf(state, type.typeUrl).values()].filter((resource) => isWanted(type, resource.name));
  return { resources: [...wanted, ...lingering].sort(byName), removed: [] };
}

function decide(state: StreamState, type: TypeState, name: string, gate: ReferenceGate): Decision {
  if (!isWanted(type, name)) return 'none';
  const resource = availableOf(state, type.typeUrl).get(name);
  const held = type.held.get(name);
  const isRejected = type.rejected.has(name);
  const rejected = type.rejected.get(name);
  const isForced = type.forced.has(name);
  if (resource) {
    if (held?.version === resource.version && !isRejected) return isForced ? 'send' : 'none';
    if (isRejected && rejected?.version === resource.version && !isForced) return 'none';
    return gate.mustWait(type, resource) ? 'wait' : 'send';
  }
  if (isRejected && rejected === undefined && !isForced) return 'none';
  if (held || rejected) return gate.isInUse(type.typeUrl, name) ? 'linger' : 'remove';
  return state.protocol === 'delta' && isForced ? 'remove' : 'none';
}

function markSent(state: StreamState, type: TypeState, composition: Composition, now: number): PlannedResponse {
  state.responseCount += 1;
  const nonce = `${state.streamId}-${state.responseCount}`;
  for (const resource of composition.resources) {
    if (type.held.get(resource.name)?.version !== resource.version) forceDependents(state, type, resource);
  }
  type.owesResponse = false;
  type.lastNonce = nonce;
  type.sentAt = now;
  type.pending = {
    nonce,
    resources: new Map(composition.resources.map((resource) => [resource.name, resource])),
    removed: new Set(composition.removed),
    sentAt: now,
  };
  return { typeUrl: type.typeUrl, nonce, resources: composition.resources, removed: composition.removed };
}

/** A cluster that changes warms again, and Envoy then waits for its endpoints although it had them; a listener for its routes. */
function forceDependents(state: StreamState, type: TypeState, resource: XdsResource): void {
  const force = (typeUrl: TypeUrl, name: string): void => {
    const dependents = state.types.get(typeUrl);
    if (!dependents || !availableOf(state, typeUrl).has(name)) return;
    dependents.forced.add(name);
    dependents.dirty.add(name);
  };
  if (type.typeUrl === typeUrls.cluster) for (const name of endpointNames(resource)) force(typeUrls.endpoint, name);
  if (type.typeUrl === typeUrls.listener && type.held.has(resource.name))
    for (const reference of resource.references)
      if (reference.typeUrl === typeUrls.route) force(typeUrls.route, reference.name);
}
