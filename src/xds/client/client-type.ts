// What the ADS client wants and has of one type, and the requests and updates that follow from it; no I/O.

import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import type { Node } from '../generated/envoy/config/core/v3/base_pb.ts';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../generated/envoy/service/discovery/v3/discovery_pb.ts';
import { StatusSchema } from '../generated/google/rpc/status_pb.ts';
import { type TypeUrl, typeUrls } from '../type-urls.ts';
import { type ReceivedResource, type ReceivedUpdate, wildcardName } from './ads-client.ts';
import type { ReceivedResponse } from './parse-response.ts';

export interface ClientType {
  readonly typeUrl: TypeUrl;
  readonly names: Set<string>;
  readonly held: Map<string, ReceivedResource>;
  /** This stream has had its first request of this type. */
  hasRequested: boolean;
  /** SotW: of the newest response, and of the newest accepted one. */
  nonce: string;
  acceptedVersion: string;
  /** SotW: a response waits for its verdict; what changes meanwhile goes with the acknowledgement. */
  isDeciding: boolean;
}

export const createClientType = (typeUrl: TypeUrl): ClientType => ({
  typeUrl,
  names: new Set(),
  held: new Map(),
  hasRequested: false,
  nonce: '',
  acceptedVersion: '',
  isDeciding: false,
});

export const isHeldWanted = (type: ClientType, name: string): boolean =>
  type.names.has(wildcardName) || type.names.has(name);

/** A new stream: the server knows nothing of the former one. */
export function startStream(type: ClientType): void {
  type.hasRequested = false;
  type.nonce = '';
  type.isDeciding = false;
}

interface Answer {
  readonly nonce: string;
  readonly error: string | undefined;
}

const invalidArgument = 3;
const errorDetail = (error: string | undefined) =>
  error === undefined ? {} : { errorDetail: create(StatusSchema, { code: invalidArgument, message: error }) };

export interface DeltaChange {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/** The first request of a stream carries the node, every name, and the versions that survived the former stream. */
export function encodeDeltaRequest(
  type: ClientType,
  node: Node | undefined,
  change: DeltaChange,
  answer?: Answer,
): Uint8Array {
  const isFirst = !type.hasRequested;
  type.hasRequested = true;
  const versions = isFirst ? [...type.held.values()].map((r): [string, string] => [r.name, r.version]) : [];
  const request = create(DeltaDiscoveryRequestSchema, {
    typeUrl: type.typeUrl,
    resourceNamesSubscribe: isFirst ? [...type.names] : [...change.subscribe],
    resourceNamesUnsubscribe: isFirst ? [] : [...change.unsubscribe],
    initialResourceVersions: Object.fromEntries(versions),
    responseNonce: answer?.nonce ?? '',
    ...errorDetail(answer?.error),
  });
  if (node) request.node = node;
  return toBinary(DeltaDiscoveryRequestSchema, request);
}

export function encodeSotwRequest(type: ClientType, node: Node | undefined, error?: string): Uint8Array {
  type.hasRequested = true;
  const isOnlyWildcard = type.names.size === 1 && type.names.has(wildcardName);
  const request = create(DiscoveryRequestSchema, {
    typeUrl: type.typeUrl,
    versionInfo: type.acceptedVersion,
    // Naming nothing is the form of "everything" that every server knows.
    resourceNames: isOnlyWildcard ? [] : [...type.names].sort(),
    responseNonce: type.nonce,
    ...errorDetail(error),
  });
  if (node) request.node = node;
  return toBinary(DiscoveryRequestSchema, request);
}

const isFullState = (typeUrl: TypeUrl): boolean =>
  typeUrl === typeUrls.cluster || typeUrl === typeUrls.listener || typeUrl === typeUrls.scopedRoute;

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** SotW says what is there; the update says what is different from before. */
export function sotwUpdate(type: ClientType, response: ReceivedResponse): ReceivedUpdate {
  const received = response.resources.map((r) => ({ ...r, version: hashOf(r.bytes) }));
  const wanted = received.filter((r) => isHeldWanted(type, r.name));
  if (!isFullState(type.typeUrl)) return { typeUrl: type.typeUrl, resources: wanted, removed: [] };
  const present = new Set(wanted.map((r) => r.name));
  const gone = [...new Set([...type.held.keys(), ...type.names])].filter((n) => n !== wildcardName && !present.has(n));
  return {
    typeUrl: type.typeUrl,
    resources: wanted.filter((r) => type.held.get(r.name)?.version !== r.version),
    removed: gone,
  };
}

/** The consumer took the update. What it lost interest in meanwhile is not kept. */
export function accept(type: ClientType, update: ReceivedUpdate): void {
  for (const resource of update.resources)
    if (isHeldWanted(type, resource.name)) type.held.set(resource.name, resource);
  for (const name of update.removed) type.held.delete(name);
}
