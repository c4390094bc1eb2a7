// An xDS resource as it travels: encoded once, then shared as bytes by every proxy, protocol and view.
import { createHash } from 'node:crypto';
import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import type { ResourceRef } from '../lib/diagnostic.ts';
import type { TypeUrl } from './type-urls.ts';

/** Another resource that must be in the proxy before this one is of use (a route's clusters, a listener's routes and secrets). */
export interface ResourceReference {
  readonly typeUrl: TypeUrl;
  readonly name: string;
}

export interface XdsResource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  /** Hash of the bytes: equal content has an equal version, in every process and after every restart. */
  readonly version: string;
  /** The encoded message: the `value` of the Any that carries it. */
  readonly bytes: Uint8Array;
  readonly references: readonly ResourceReference[];
  /** The user's objects it was made from. */
  readonly owners: readonly ResourceRef[];
}

/** Everything one class of proxies should have. A type without resources may be absent. */
export type ResourceSet = ReadonlyMap<TypeUrl, ReadonlyMap<string, XdsResource>>;

export const emptyResourceSet: ResourceSet = new Map();

export interface ResourceOrigin {
  readonly references?: readonly ResourceReference[];
  readonly owners?: readonly ResourceRef[];
}

/** Names content: of the same bytes or text it is the same in every process. */
export const versionOf = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 16);

/** Encodes a message. The caller builds its maps in sorted order: that is what makes the bytes stable. */
export function createXdsResource<Desc extends DescMessage>(
  typeUrl: TypeUrl,
  schema: Desc,
  name: string,
  message: MessageShape<Desc>,
  origin: ResourceOrigin = {},
): XdsResource {
  const bytes = toBinary(schema, message);
  return {
    typeUrl,
    name,
    version: versionOf(bytes),
    bytes,
    references: origin.references ?? [],
    owners: origin.owners ?? [],
  };
}
