// Filters of every kind have a name and a configuration: of which type that is, however it is wrapped.
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { TypedStructSchema } from '../../xds/generated/xds/type/v3/typed_struct_pb.ts';

export interface Configured {
  readonly name: string;
  readonly configType: { readonly case?: string | undefined; readonly value?: unknown };
}

const afterSlash = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1);

/** Of Envoy's two, which have the same fields. */
export const typedStructs: ReadonlySet<string> = new Set(['udpa.type.v1.TypedStruct', TypedStructSchema.typeName]);

export function typeOfAny({ typeUrl, value }: Any): string {
  const type = afterSlash(typeUrl);
  return typedStructs.has(type) ? afterSlash(fromBinary(TypedStructSchema, value).typeUrl) : type;
}

export const typeOf = ({ configType }: Configured): string | undefined =>
  configType.case === 'typedConfig' ? typeOfAny(configType.value as Any) : undefined;
