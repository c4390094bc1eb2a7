// Finds a resource's own name in its bytes: SotW sends resources without an envelope that names them.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { TypeUrl } from './type-urls.ts';

/** Field 1 in all five types: `name`, and `cluster_name` of a ClusterLoadAssignment. The type is asked for so that a sixth must be thought about. */
const nameField = 1;

/** Empty if the message has no name. Throws on bytes that are no message. */
export function readResourceName(_typeUrl: TypeUrl, bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes);
  let name = '';
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === nameField && wireType === WireType.LengthDelimited) name = reader.string();
    else reader.skip(wireType, field);
  }
  return name;
}
