// MERGE of what has a name and a typed configuration (filters, transport sockets): the configurations are merged, not replaced.
import { create, type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { extensionTypes } from '../../xds/extension-types.ts';
import type { CompiledPatch } from './compile-patches.ts';
import { mergeMessage } from './merge-message.ts';
import { isMerge, type PatchRun } from './patch-run.ts';

/** Undefined, and the reason in the run, where the two are of different types. */
export function mergeAny(target: Any, patch: CompiledPatch, source: Any, run: PatchRun): Any | undefined {
  if (target.typeUrl !== source.typeUrl) {
    run.problems.set(patch, `${source.typeUrl} cannot be merged into ${target.typeUrl}`);
    return undefined;
  }
  const desc = extensionTypes().getMessage(target.typeUrl.slice(target.typeUrl.lastIndexOf('/') + 1));
  if (desc === undefined) {
    run.problems.set(patch, `${target.typeUrl} is not known`);
    return undefined;
  }
  const merged = fromBinary(desc, target.value);
  mergeMessage(reflect(desc, merged), reflect(desc, fromBinary(desc, source.value)), false);
  return create(AnySchema, { typeUrl: target.typeUrl, value: toBinary(desc, merged) });
}

interface Named {
  name: string;
  configType: { readonly case?: string | undefined; readonly value?: unknown };
}

const configOf = ({ configType }: Named): Any | undefined =>
  configType.case === 'typedConfig' ? (configType.value as Any) : undefined;

/** A filter's name and configuration; what is configured from elsewhere cannot be merged. */
export function mergeFilter(target: Named, patch: CompiledPatch, run: PatchRun): void {
  const config = configOf(target);
  if (config === undefined || patch.patch.operation !== 'MERGE') return;
  const source = patch.value as Message & Named;
  const added = configOf(source);
  const merged = added === undefined ? config : mergeAny(config, patch, added, run);
  if (merged === undefined) return;
  if (source.name !== '') target.name = source.name;
  target.configType = { case: 'typedConfig', value: merged };
  run.applied.add(patch);
}

/** The message as a whole. */
export function mergeInto(schema: DescMessage, target: Message, patch: CompiledPatch, run: PatchRun): void {
  if (!isMerge(patch)) return;
  const replacesLists = patch.patch.operation === 'MERGE_AND_REPLACE_LIST';
  mergeMessage(reflect(schema, target), reflect(schema, patch.value), replacesLists);
  run.applied.add(patch);
}
