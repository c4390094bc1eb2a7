// A request of a stream after parsing: what both protocols' wire messages become before they act on the state.
import { fromBinary } from '@bufbuild/protobuf';
import type { Node } from '../generated/envoy/config/core/v3/base_pb.ts';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../generated/envoy/service/discovery/v3/discovery_pb.ts';
import type { XdsStreamProtocol } from './stream-state.ts';

export interface SotwRequest {
  readonly kind: 'SotW';
  readonly typeUrl: string;
  readonly nonce: string;
  /** The data plane's text if it rejects the response of the nonce. */
  readonly error: string | undefined;
  /** Everything the proxy wants of this type, each time. */
  readonly names: readonly string[];
}

export interface DeltaRequest {
  readonly kind: 'delta';
  readonly typeUrl: string;
  readonly nonce: string;
  readonly error: string | undefined;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Name → version that the proxy still has of a former stream; only the first request of a type counts. */
  readonly initialVersions: ReadonlyMap<string, string>;
}

export type StreamRequest = SotwRequest | DeltaRequest;

export interface ParsedRequest {
  readonly node: Node | undefined;
  readonly request: StreamRequest;
}

/** Longer texts help nobody, and a proxy chooses their length. */
const maxErrorLength = 4096;

const errorText = (detail: { readonly message: string } | undefined): string | undefined =>
  detail === undefined ? undefined : detail.message.slice(0, maxErrorLength) || 'rejected without a reason';

/** Throws on bytes that are not the protocol's request. */
export function parseRequest(protocol: XdsStreamProtocol, bytes: Uint8Array): ParsedRequest {
  if (protocol === 'SotW') {
    const message = fromBinary(DiscoveryRequestSchema, bytes, { readUnknownFields: false });
    return {
      node: message.node,
      request: {
        kind: 'SotW',
        typeUrl: message.typeUrl,
        nonce: message.responseNonce,
        error: errorText(message.errorDetail),
        names: message.resourceNames,
      },
    };
  }
  const message = fromBinary(DeltaDiscoveryRequestSchema, bytes, { readUnknownFields: false });
  return {
    node: message.node,
    request: {
      kind: 'delta',
      typeUrl: message.typeUrl,
      nonce: message.responseNonce,
      error: errorText(message.errorDetail),
      subscribe: message.resourceNamesSubscribe,
      unsubscribe: message.resourceNamesUnsubscribe,
      initialVersions: new Map(Object.entries(message.initialResourceVersions)),
    },
  };
}
