// Every message of Envoy's that may stand in an Any, as descriptors: read once something asks for more than we emit ourselves.
import { readFileSync } from 'node:fs';
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const file = new URL('generated/extensions.binpb', import.meta.url);

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export const extensionTypes: () => FileRegistry = once(() =>
  createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(file))),
);
