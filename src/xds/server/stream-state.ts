// What one stream's proxy asked for, has and was sent: the state that requests, cache changes and time act on.
import type { ResourceSet, XdsResource } from '../resource.ts';
import { pushOrder, type TypeUrl } from '../type-urls.ts';
import { createHeldResources, type HeldResource, type HeldResources } from './held-resources.ts';

export type XdsStreamProtocol = 'SotW' | 'delta';

/** The one response of a type that is on its way. */
export interface PendingResponse {
  readonly nonce: string;
  readonly resources: ReadonlyMap<string, XdsResource>;
  readonly removed: ReadonlySet<string>;
  readonly sentAt: number;
}

/** What an acknowledged change replaced or removed: Envoy serves on with it until the new one is warm and the old one has drained. */
export interface SupersededResource {
  readonly held: HeldResource;
  readonly name: string;
  readonly supersededAt: number;
}

export interface TypeState {
  readonly typeUrl: TypeUrl;
  /** A first request has come. */
  subscribed: boolean;
  wildcard: boolean;
  /** SotW: an empty list of names means everything only until names were given once. */
  everNamed: boolean;
  names: Set<string>;
  /** Acknowledged by the proxy. */
  readonly held: HeldResources;
  /** Listeners only, oldest first. */
  superseded: readonly SupersededResource[];
  /** Names to look at when planning: the proxy may lack their newest state. Kept while they have to wait. */
  readonly dirty: Set<string>;
  /** Names to send even if the proxy holds the newest version: asked for again, or their user has to warm again. */
  readonly forced: Set<string>;
  /** What the proxy rejected last, by name; undefined is a rejected removal. Not sent again until it changes. */
  readonly rejected: Map<string, XdsResource | undefined>;
  /** A response was rejected in which nothing was new: only an acknowledgement takes that back. */
  hasRejectedAll: boolean;
  /** Halves of a rejected response, to be sent one at a time until the bad resource is alone: one must not cost the others. */
  readonly suspects: string[][];
  /** Since when a name waits for what it refers to. */
  readonly waitingSince: Map<string, number>;
  /** A response is due even if it is empty. */
  owesResponse: boolean;
  pending: PendingResponse | undefined;
  lastNonce: string;
  error: string | undefined;
  sentAt: number | undefined;
  acknowledgedAt: number | undefined;
}

export interface StreamState {
  readonly protocol: XdsStreamProtocol;
  readonly connectedAt: number;
  /** Makes the nonces of different streams differ. */
  readonly streamId: number;
  /** The types this service serves, in push order. */
  readonly types: ReadonlyMap<TypeUrl, TypeState>;
  available: ResourceSet;
  responseCount: number;
}

export interface StreamStateOptions {
  readonly protocol: XdsStreamProtocol;
  readonly connectedAt: number;
  readonly streamId: number;
  readonly served: readonly TypeUrl[];
  readonly available: ResourceSet;
}

const createTypeState = (typeUrl: TypeUrl): TypeState => ({
  typeUrl,
  subscribed: false,
  wildcard: false,
  everNamed: false,
  names: new Set(),
  held: createHeldResources(),
  superseded: [],
  dirty: new Set(),
  forced: new Set(),
  rejected: new Map(),
  hasRejectedAll: false,
  suspects: [],
  waitingSince: new Map(),
  owesResponse: false,
  pending: undefined,
  lastNonce: '',
  error: undefined,
  sentAt: undefined,
  acknowledgedAt: undefined,
});

export function createStreamState(options: StreamStateOptions): StreamState {
  const { served, ...rest } = options;
  const types = pushOrder.filter((t) => served.includes(t)).map((t) => [t, createTypeState(t)] as const);
  return { ...rest, types: new Map(types), responseCount: 0 };
}

export const isWanted = (type: TypeState, name: string): boolean => type.wildcard || type.names.has(name);

export const availableOf = (state: StreamState, typeUrl: TypeUrl): ReadonlyMap<string, XdsResource> =>
  state.available.get(typeUrl) ?? noResources;

const noResources: ReadonlyMap<string, XdsResource> = new Map();

/** Every name the cache has now, for an event that puts a whole type in question. */
export function markAllDirty(state: StreamState, type: TypeState): void {
  for (const name of availableOf(state, type.typeUrl).keys()) if (isWanted(type, name)) type.dirty.add(name);
  for (const name of type.held.keys()) type.dirty.add(name);
  for (const name of type.names) type.dirty.add(name);
}
