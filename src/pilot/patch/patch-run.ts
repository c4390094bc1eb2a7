// What one application of patches to one resource keeps account of: which of them did something, and which could not.
import { clone, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import type { XdsResource } from '../../xds/resource.ts';
import type { CompiledPatch } from './compile-patches.ts';

export interface PatchRun {
  /** In order. */
  readonly patches: readonly CompiledPatch[];
  readonly applied: Set<CompiledPatch>;
  /** Why a patch could not be applied; nothing is changed by it then. */
  readonly problems: Map<CompiledPatch, string>;
}

export interface Refusal {
  readonly patch: CompiledPatch;
  /** Of the resource that it would spoil. */
  readonly resource: string;
  readonly reason: string;
}

export interface PatchedResource {
  /** The one given, if nothing applied; undefined if it is removed. */
  readonly resource: XdsResource | undefined;
  readonly applied: ReadonlySet<CompiledPatch>;
  readonly refusals: readonly Refusal[];
}

export const startRun = (patches: readonly CompiledPatch[]): PatchRun => ({
  patches,
  applied: new Set(),
  problems: new Map(),
});

export const patchesFor = (run: PatchRun, applyTo: CompiledPatch['patch']['applyTo']): readonly CompiledPatch[] =>
  run.patches.filter(({ patch }) => patch.applyTo === applyTo);

export const isMerge = ({ patch }: CompiledPatch): boolean =>
  patch.operation === 'MERGE' || patch.operation === 'MERGE_AND_REPLACE_LIST';

/** A copy: what is put into a resource may be changed by a later patch. */
export const valueFor = <Desc extends DescMessage>(schema: Desc, { value }: CompiledPatch): MessageShape<Desc> =>
  clone(schema, value as MessageShape<Desc>);
