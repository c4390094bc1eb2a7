// What a proxy's request does to the state of its stream: subscriptions, acknowledgements and rejections.
import { findRejectedNames } from '../rejected-names.ts';
import { isTypeUrl, type TypeUrl, typeUrls } from '../type-urls.ts';
import type { HeldResource } from './held-resources.ts';
import type { DeltaRequest, SotwRequest, StreamRequest } from './stream-request.ts';
import {
  availableOf,
  isWanted,
  markAllDirty,
  type PendingResponse,
  type StreamState,
  type TypeState,
} from './stream-state.ts';

export type RequestNotice =
  | { readonly kind: 'acknowledged'; readonly typeUrl: TypeUrl }
  | { readonly kind: 'rejected'; readonly typeUrl: TypeUrl; readonly error: string; readonly names: readonly string[] }
  | { readonly kind: 'unknown-type'; readonly typeUrl: string };

/** Only these can be asked for as a whole by naming nothing. */
const hasLegacyWildcard = (typeUrl: TypeUrl): boolean =>
  typeUrl === typeUrls.cluster || typeUrl === typeUrls.listener || typeUrl === typeUrls.scopedRoute;

/** SotW responses of these types are the whole state: what is not in them is gone. */
export const isFullState = (state: StreamState, typeUrl: TypeUrl): boolean =>
  state.protocol === 'SotW' && hasLegacyWildcard(typeUrl);

/** The new names this request asks for; for caches that load on demand. */
export function requestedNames(state: StreamState, request: StreamRequest): readonly string[] {
  const names = request.kind === 'SotW' ? request.names : request.subscribe;
  const type = isTypeUrl(request.typeUrl) ? state.types.get(request.typeUrl) : undefined;
  return type ? names.filter((name) => name !== '*' && !type.names.has(name)) : [];
}

export function applyRequest(state: StreamState, request: StreamRequest, now: number): RequestNotice | undefined {
  const type = isTypeUrl(request.typeUrl) ? state.types.get(request.typeUrl) : undefined;
  if (!type) return { kind: 'unknown-type', typeUrl: request.typeUrl };
  return request.kind === 'SotW'
    ? applySotwRequest(state, type, request, now)
    : applyDeltaRequest(state, type, request, now);
}

function applySotwRequest(
  state: StreamState,
  type: TypeState,
  request: SotwRequest,
  now: number,
): RequestNotice | undefined {
  if (!type.subscribed || request.nonce === '') {
    // A client that starts again: nothing is known of what it has, and what was under way no longer counts.
    type.subscribed = true;
    type.pending = undefined;
    type.held.clear();
    type.rejected.clear();
    type.suspects.length = 0;
    type.owesResponse = true;
    setNames(state, type, request.names);
    markAllDirty(state, type);
    return undefined;
  }
  // Of a response that a newer one has replaced: the answer to the newer one will follow.
  if (request.nonce !== type.lastNonce) return undefined;
  const notice = settle(state, type, request.error, now);
  setNames(state, type, request.names);
  return notice;
}

/** SotW: the names are everything the proxy wants from now on. */
function setNames(state: StreamState, type: TypeState, requested: readonly string[]): void {
  const names = new Set(requested);
  const hadWildcard = type.wildcard;
  const explicit = names.delete('*');
  type.everNamed ||= explicit || names.size > 0;
  type.wildcard = explicit || (hasLegacyWildcard(type.typeUrl) && names.size === 0 && !type.everNamed);
  const before = type.names;
  type.names = names;
  let changed = hadWildcard !== type.wildcard;
  for (const name of names) {
    if (before.has(name)) continue;
    changed = true;
    type.forced.add(name);
    type.dirty.add(name);
  }
  for (const name of before) {
    if (names.has(name)) continue;
    changed = true;
    if (!type.wildcard) forget(type, name);
  }
  if (hadWildcard && !type.wildcard) forgetUnwanted(type);
  if (!hadWildcard && type.wildcard) markAllDirty(state, type);
  // A whole-state response is also how the proxy learns that a name does not exist.
  if (changed && isFullState(state, type.typeUrl)) type.owesResponse = true;
}

function applyDeltaRequest(
  state: StreamState,
  type: TypeState,
  request: DeltaRequest,
  now: number,
): RequestNotice | undefined {
  const notice =
    type.pending && request.nonce === type.pending.nonce ? settle(state, type, request.error, now) : undefined;
  const isFirst = !type.subscribed;
  type.subscribed = true;
  const wantsAll =
    request.subscribe.includes('*') ||
    (isFirst && request.subscribe.length === 0 && hasLegacyWildcard(type.typeUrl) && request.unsubscribe.length === 0);
  if (wantsAll) {
    type.wildcard = true;
    type.owesResponse = true;
  }
  // Thousands of proxies name the same: one text for all of them.
  const available = availableOf(state, type.typeUrl);
  for (const name of request.subscribe) if (name !== '*') type.names.add(available.get(name)?.name ?? name);
  if (isFirst) holdInitialVersions(state, type, request.initialVersions);
  for (const name of request.subscribe) {
    if (name === '*') continue;
    type.dirty.add(name);
    // Asked for again, it is sent again: the proxy may have dropped it. What it says it has, it need not be sent.
    if (!(isFirst && type.held.has(name))) type.forced.add(name);
  }
  if (wantsAll) markAllDirty(state, type);
  for (const name of request.unsubscribe) unsubscribe(type, name);
  return notice;
}

function holdInitialVersions(state: StreamState, type: TypeState, versions: ReadonlyMap<string, string>): void {
  const available = availableOf(state, type.typeUrl);
  const held: [string, HeldResource][] = [];
  for (const [name, version] of versions) {
    if (!isWanted(type, name)) continue;
    const resource = available.get(name);
    held.push([name, resource?.version === version ? resource : { version }]);
    type.dirty.add(name);
  }
  type.held.change(held);
  type.held.shareWith(available);
}

function unsubscribe(type: TypeState, name: string): void {
  if (name === '*') {
    type.wildcard = false;
    forgetUnwanted(type);
    return;
  }
  if (!type.names.delete(name)) return;
  if (!type.wildcard) {
    forget(type, name);
    return;
  }
  // It may still be wanted as one of all; the proxy cannot know, and expects to be told either way.
  type.forced.add(name);
  type.dirty.add(name);
}

function forgetUnwanted(type: TypeState): void {
  for (const names of [type.held, type.dirty, type.rejected])
    for (const name of [...names.keys()]) if (!isWanted(type, name)) forget(type, name);
}

export function forget(type: TypeState, name: string): void {
  for (const names of [type.held, type.dirty, type.forced, type.waitingSince]) names.delete(name);
  if (type.rejected.delete(name)) clearSettledError(type);
}

/** Of what was rejected nothing is left to be sent: no acknowledgement would follow. */
export function clearSettledError(type: TypeState): void {
  if (type.rejected.size === 0 && type.suspects.length === 0 && !type.hasRejectedAll) type.error = undefined;
}

/** The pending response is acknowledged or rejected. Without one the request is spontaneous, and neither. */
function settle(
  state: StreamState,
  type: TypeState,
  error: string | undefined,
  now: number,
): RequestNotice | undefined {
  const pending = type.pending;
  if (!pending) return undefined;
  type.pending = undefined;
  if (error !== undefined) return reject(state, type, pending, error);
  acknowledge(state, type, pending, now);
  return { kind: 'acknowledged', typeUrl: type.typeUrl };
}

/** More than a proxy can be warming and draining; beyond it the oldest count as drained. */
const maxSuperseded = 1000;

function supersede(state: StreamState, type: TypeState, pending: PendingResponse, now: number): void {
  const isGone = (name: string): boolean =>
    pending.removed.has(name) || (isFullState(state, type.typeUrl) && !pending.resources.has(name));
  const replaced = [...type.held.entries()].flatMap(([name, held]) => {
    const next = pending.resources.get(name);
    const isReplaced = next ? next.version !== held.version : isGone(name);
    return isReplaced ? [{ held, name, supersededAt: now }] : [];
  });
  type.superseded = [...type.superseded, ...replaced].slice(-maxSuperseded);
}

function acknowledge(state: StreamState, type: TypeState, pending: PendingResponse, now: number): void {
  if (type.typeUrl === typeUrls.listener) supersede(state, type, pending, now);
  if (isFullState(state, type.typeUrl)) {
    type.held.clear();
    type.rejected.clear();
  }
  const held: [string, HeldResource | undefined][] = [];
  for (const [name, resource] of pending.resources) {
    type.waitingSince.delete(name);
    if (!isWanted(type, name)) continue;
    held.push([name, resource]);
    type.rejected.delete(name);
  }
  for (const name of pending.removed) {
    held.push([name, undefined]);
    type.rejected.delete(name);
  }
  type.held.change(held);
  type.held.shareWith(availableOf(state, type.typeUrl));
  type.acknowledgedAt = now;
  type.hasRejectedAll = false;
  clearSettledError(type);
}

function reject(state: StreamState, type: TypeState, pending: PendingResponse, error: string): RequestNotice {
  const fullState = isFullState(state, type.typeUrl);
  // In a whole state most is what the proxy has already; suspect is what was new.
  const sent = [...pending.resources.values()]
    .filter((resource) => !fullState || type.held.get(resource.name)?.version !== resource.version)
    .map((resource) => resource.name);
  const names = [...sent, ...pending.removed];
  type.error = error;
  type.hasRejectedAll = names.length === 0;
  // What the proxy no longer asks for is not held against it.
  const wanted = names.filter((name) => isWanted(type, name));
  const named = findRejectedNames(error, wanted);
  // The proxy's word for one name is taken; of several it is checked which are bad.
  const guilty = fullState || wanted.length === 1 ? wanted : named.length === 1 ? named : [];
  for (const name of guilty) {
    type.rejected.set(name, pending.resources.get(name));
    type.waitingSince.delete(name);
  }
  if (guilty.length < wanted.length) suspect(type, splitSuspects(wanted, named));
  clearSettledError(type);
  return { kind: 'rejected', typeUrl: type.typeUrl, error, names };
}

function suspect(type: TypeState, batches: readonly string[][]): void {
  type.suspects.unshift(...batches);
  for (const name of batches.flat()) {
    type.dirty.add(name);
    type.forced.add(name);
  }
}

/** What to send separately, so that the good part of a rejected response still arrives. */
function splitSuspects(names: readonly string[], named: readonly string[]): string[][] {
  if (named.length > 0 && named.length < names.length) {
    const others = names.filter((name) => !named.includes(name));
    return named.length === 1 ? [others] : [others, ...named.map((name) => [name])];
  }
  const middle = Math.ceil(names.length / 2);
  return [names.slice(0, middle), names.slice(middle)];
}
