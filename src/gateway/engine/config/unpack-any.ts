// Opens the typed extensions inside resources: by type, never by name, as Envoy does.
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { TypedStructSchema } from '../../../xds/generated/xds/type/v3/typed_struct_pb.ts';
import type { Findings } from './findings.ts';

/** The transport socket that is none. Its proto is not in the bundle; the message is empty. */
export const rawBuffer = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

const afterSlash = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1);

/** Both have the same fields. */
const typedStructs: ReadonlySet<string> = new Set([TypedStructSchema.typeName, 'udpa.type.v1.TypedStruct']);

/** The full name of the message, also of one that travels as a TypedStruct. '' where there is none. */
export function extensionType(any: Any | undefined): string {
  if (any === undefined) return '';
  const type = afterSlash(any.typeUrl);
  if (!typedStructs.has(type)) return type;
  try {
    return afterSlash(fromBinary(TypedStructSchema, any.value).typeUrl);
  } catch {
    return type;
  }
}

/** Undefined if it is of another type; bytes that are no such message are an error in the findings. */
export function unpackAny<Desc extends DescMessage>(
  any: Any | undefined,
  schema: Desc,
  findings: Findings,
): MessageShape<Desc> | undefined {
  if (any === undefined || afterSlash(any.typeUrl) !== schema.typeName) return undefined;
  try {
    return fromBinary(schema, any.value);
  } catch {
    findings.reject(`Unable to unpack as ${schema.typeName}`);
    return undefined;
  }
}

/** Envoy's text for an extension that it has no code for. */
export function notRegistered(name: string, any: Any | undefined): string {
  return `Didn't find a registered implementation for '${name}' with type URL: '${extensionType(any)}'`;
}
