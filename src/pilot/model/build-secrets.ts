// The Secrets that somebody may name → what each holds, and what it held before where it is broken now.
import { type Derived, deriveIndex, deriveValues } from '../../lib/incremental/derive.ts';
import type { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import type { ModelSecret } from './model.ts';

type Secret = Resource<'Secret'>;

interface SecretResult {
  readonly kind: string;
}

export interface Secrets<Result extends SecretResult> {
  readonly names: ReadonlySet<string>;
  readonly byName: Derived<Secret, PersistentMap<Secret>>;
  readonly built: Derived<Secret, ModelSecret<Result>>;
}

const isProblem = ({ kind }: SecretResult): boolean => kind === 'problem';
const goodOf = <Result extends SecretResult>(result: Result) => result as Exclude<Result, { kind: 'problem' }>;

/** Those with one of the names, in whichever namespace: which proxy may have which comes later. */
export function buildSecrets<Result extends SecretResult>(
  previous: Secrets<Result> | undefined,
  names: ReadonlySet<string>,
  secrets: PersistentMap<Secret>,
  resultOf: (resource: Secret) => Result,
): Secrets<Result> {
  const byName = deriveIndex(previous?.byName, secrets, ({ metadata }) => [metadata.name]);
  const before = previous?.names ?? new Set<string>();
  const differing =
    before === names ? [] : [...names, ...before].filter((name) => !names.has(name) || !before.has(name));
  const built = deriveValues(
    previous?.built,
    secrets,
    (resource, _key, before): ModelSecret<Result> | undefined => {
      if (!names.has(resource.metadata.name)) return undefined;
      if (before?.resource === resource) return before;
      const result = resultOf(resource);
      const good = before === undefined || isProblem(before.result) ? before?.lastGood : goodOf(before.result);
      return { ref: resourceRef(resource), result, lastGood: isProblem(result) ? good : undefined, resource };
    },
    differing.flatMap((name) => [...(byName.output.get(name)?.keys() ?? [])]),
  );
  return { names, byName, built };
}
