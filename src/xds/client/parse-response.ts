// A response of either protocol as plain names and bytes; the resources themselves stay encoded for whoever wants them.
import { fromBinary } from '@bufbuild/protobuf';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../generated/envoy/service/discovery/v3/discovery_pb.ts';
import { readResourceName } from '../resource-name-field.ts';
import { isTypeUrl, type TypeUrl } from '../type-urls.ts';
import type { ReceivedResource, XdsProtocol } from './ads-client.ts';

export interface ReceivedResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly ReceivedResource[];
  readonly removed: readonly string[];
}

function sotwResource(typeUrl: TypeUrl, bytes: Uint8Array): ReceivedResource {
  return { name: readResourceName(typeUrl, bytes), version: '', bytes };
}

/** Throws on bytes that are not the protocol's response. A type that is not ours has no resources here. */
export function parseResponse(protocol: XdsProtocol, bytes: Uint8Array): ReceivedResponse {
  if (protocol === 'delta') {
    const message = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    return {
      typeUrl: message.typeUrl,
      nonce: message.nonce,
      version: message.systemVersionInfo,
      resources: message.resources.map((resource) => ({
        name: resource.name,
        version: resource.version,
        bytes: resource.resource?.value ?? new Uint8Array(),
      })),
      removed: message.removedResources,
    };
  }
  const message = fromBinary(DiscoveryResponseSchema, bytes);
  const { typeUrl } = message;
  return {
    typeUrl,
    nonce: message.nonce,
    version: message.versionInfo,
    resources: isTypeUrl(typeUrl) ? message.resources.map((any) => sotwResource(typeUrl, any.value)) : [],
    removed: [],
  };
}
