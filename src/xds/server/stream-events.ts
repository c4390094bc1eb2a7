// The events a stream's state knows, and the one function that applies them: no clock, no I/O, so that any interleaving can be tested.
import type { ResourceDiff } from '../cache/resource-cache.ts';
import type { ResourceSet } from '../resource.ts';
import { applyRequest, isFullState, type RequestNotice } from './apply-request.ts';
import { type Plan, planResponses } from './plan-responses.ts';
import type { StreamRequest } from './stream-request.ts';
import { isWanted, markAllDirty, type StreamState } from './stream-state.ts';

export type StreamEvent =
  | { readonly kind: 'request'; readonly request: StreamRequest }
  | { readonly kind: 'changed'; readonly available: ResourceSet; readonly diff: ResourceDiff }
  | { readonly kind: 'resync' }
  /** Time has passed, or the connection takes bytes again. */
  | { readonly kind: 'wake' };

export interface StreamOutcome extends Plan {
  readonly notice: RequestNotice | undefined;
}

const nothing: Plan = { responses: [], wakeAt: undefined };

/**
 * Changes the state in place (a proxy holds ten thousand names) and returns what to send.
 * With `canSend` false nothing is planned: changes merge until the connection takes bytes again.
 */
export function applyEvent(state: StreamState, event: StreamEvent, now: number, canSend = true): StreamOutcome {
  let notice: RequestNotice | undefined;
  if (event.kind === 'request') notice = applyRequest(state, event.request, now);
  if (event.kind === 'changed') applyChange(state, event.available, event.diff);
  if (event.kind === 'resync') resync(state);
  return { notice, ...(canSend ? planResponses(state, now) : nothing) };
}

function applyChange(state: StreamState, available: ResourceSet, diff: ResourceDiff): void {
  state.available = available;
  for (const [typeUrl, { added, changed, removed }] of diff) {
    const type = state.types.get(typeUrl);
    if (!type) continue;
    for (const { name } of added) if (isWanted(type, name)) type.dirty.add(name);
    for (const { name } of changed) if (isWanted(type, name)) type.dirty.add(name);
    for (const name of removed) if (isWanted(type, name)) type.dirty.add(name);
  }
}

/** Everything again, also what was rejected: the operator says that the proxy may have lost it. */
function resync(state: StreamState): void {
  for (const type of state.types.values()) {
    if (!type.subscribed) continue;
    type.suspects.length = 0;
    markAllDirty(state, type);
    for (const name of type.rejected.keys()) type.dirty.add(name);
    for (const name of type.dirty) type.forced.add(name);
    if (isFullState(state, type.typeUrl) || type.wildcard) type.owesResponse = true;
  }
}
