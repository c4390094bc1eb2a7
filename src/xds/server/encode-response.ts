// Puts cached resources into the envelope of a response: their bytes go out as they are in the cache.
import { createHash } from 'node:crypto';
import type { XdsResource } from '../resource.ts';
import { encodeWire, type WireField, type WireMessage, wireMessage } from '../wire.ts';
import type { PlannedResponse } from './plan-responses.ts';
import type { XdsStreamProtocol } from './stream-state.ts';

const any = (resource: XdsResource): WireMessage =>
  wireMessage([
    [1, resource.typeUrl],
    [2, resource.bytes],
  ]);

const deltaResource = (resource: XdsResource): WireMessage =>
  wireMessage([
    [1, resource.version],
    [2, any(resource)],
    [3, resource.name],
  ]);

/** Names the content: the same resources have the same version in every process. */
function responseVersion(resources: readonly XdsResource[]): string {
  const hash = createHash('sha256');
  for (const { name, version } of resources) hash.update(`${name}\n${version}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** The field numbers are those of DiscoveryResponse and DeltaDiscoveryResponse. */
export function encodeResponse(protocol: XdsStreamProtocol, response: PlannedResponse): Buffer {
  const resources = response.resources.map(
    (resource): WireField => [2, protocol === 'delta' ? deltaResource(resource) : any(resource)],
  );
  const removed = protocol === 'delta' ? response.removed.map((name): WireField => [6, name]) : [];
  const version = responseVersion(response.resources);
  const fields: WireField[] = [[1, version], ...resources, [4, response.typeUrl], [5, response.nonce], ...removed];
  return encodeWire(wireMessage(fields));
}
