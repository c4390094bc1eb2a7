// Patches onto one resource: all of them if that makes a good one, else all but those that spoil it.
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { ResourceRef } from '../../lib/diagnostic.ts';
import { createXdsResource, type XdsResource } from '../../xds/resource.ts';
import type { Violation } from './check-constraints.ts';
import type { CompiledPatch } from './compile-patches.ts';
import { type PatchedResource, type PatchRun, type Refusal, startRun } from './patch-run.ts';
import { rememberPatched } from './remember-patched.ts';

/** How resources of one type are patched. */
export interface PatchKind<Desc extends DescMessage> {
  readonly schema: Desc;
  /** Changes the message; false: it is removed. */
  apply(message: MessageShape<Desc>, run: PatchRun): boolean;
  check(message: MessageShape<Desc>): readonly Violation[];
}

/** Beyond them all are left out: a resource that nothing fits must not be tried forever. */
const maxRefusals = 50;

interface Attempt<Message> {
  /** Undefined: removed. */
  readonly message: Message | undefined;
  readonly run: PatchRun;
  readonly violation: Violation | undefined;
}

const nameOf = (message: object): unknown => ('name' in message ? message.name : undefined);

/** The same complaint at another index is no news. */
const withoutIndexes = (violation: Violation): string => violation.replaceAll(/\[\d+\]/g, '[]');

export const patchResource = <Desc extends DescMessage>(
  resource: XdsResource,
  patches: readonly CompiledPatch[],
  kind: PatchKind<Desc>,
): PatchedResource => rememberPatched(resource, patches, () => patchAnew(resource, patches, kind));

function patchAnew<Desc extends DescMessage>(
  resource: XdsResource,
  patches: readonly CompiledPatch[],
  kind: PatchKind<Desc>,
): PatchedResource {
  const decode = (): MessageShape<Desc> => fromBinary(kind.schema, resource.bytes);
  let before: ReadonlySet<string> | undefined;
  const isNews = (violation: Violation): boolean => {
    before ??= new Set(kind.check(decode()).map(withoutIndexes));
    return !before.has(withoutIndexes(violation));
  };
  const attempt = (some: readonly CompiledPatch[]): Attempt<MessageShape<Desc>> => {
    const run = startRun(some);
    const message = decode();
    try {
      if (!kind.apply(message, run)) return { message: undefined, run, violation: undefined };
      if (run.applied.size === 0) return { message, run, violation: undefined };
      const renamed = nameOf(message) === resource.name ? undefined : 'name: others know it by the one that it has';
      return { message, run, violation: renamed ?? kind.check(message).find(isNews) };
    } catch (thrown) {
      // A defect of ours costs the patch that shows it, not the gateway.
      return { message, run, violation: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  };

  const refusals: Refusal[] = [];
  let rest = patches;
  for (;;) {
    const all = attempt(rest);
    const failed = [...all.run.problems].map(([patch, reason]) => ({ patch, resource: resource.name, reason }));
    if (failed.length === 0 && all.violation === undefined) return { ...finish(resource, kind.schema, all), refusals };
    const refused =
      failed.length > 0 ? failed : [findCulprit(rest, attempt, resource.name)].flatMap((one) => one ?? []);
    refusals.push(...refused);
    const bad = new Set(refused.map(({ patch }) => patch));
    rest = rest.filter((patch) => !bad.has(patch));
    if (bad.size > 0 && refusals.length <= maxRefusals) continue;
    const reason = `with more than ${maxRefusals} that spoil it, no others are tried`;
    refusals.push(...rest.map((patch) => ({ patch, resource: resource.name, reason })));
    rest = [];
  }
}

/** The patch with which what was good up to it is bad. */
function findCulprit<Message>(
  patches: readonly CompiledPatch[],
  attempt: (some: readonly CompiledPatch[]) => Attempt<Message>,
  resource: string,
): Refusal | undefined {
  let [good, bad] = [0, patches.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (attempt(patches.slice(0, middle)).violation === undefined) good = middle;
    else bad = middle;
  }
  const patch = patches[bad - 1];
  const { violation } = attempt(patches.slice(0, bad));
  return patch && { patch, resource, reason: violation ?? 'together with the others it spoils the resource' };
}

function finish<Desc extends DescMessage>(
  resource: XdsResource,
  schema: Desc,
  { message, run }: Attempt<MessageShape<Desc>>,
): Pick<PatchedResource, 'resource' | 'applied'> {
  if (run.applied.size === 0) return { resource, applied: run.applied };
  if (message === undefined) return { resource: undefined, applied: run.applied };
  const { typeUrl, name, references } = resource;
  const owners = [...resource.owners, ...ownersOf(run.applied)];
  return { resource: createXdsResource(typeUrl, schema, name, message, { references, owners }), applied: run.applied };
}

/** Each object once. */
const ownersOf = (patches: Iterable<CompiledPatch>): readonly ResourceRef[] => [
  ...new Map([...patches].map(({ filter, ref }) => [filter, ref])).values(),
];
