// What checks say of objects, one by one: an object is checked again when it or what it refers to changes, and else is not looked at.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Derived, deriveValues, type Recalled, recall } from '../../lib/incremental/derive.ts';
import type { PersistentMap } from '../../lib/incremental/persistent-map.ts';
import type { Resource } from '../resources/resource.ts';
import { inPrecedence } from './compare-resources.ts';

interface Found {
  readonly resource: Resource;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Findings<Input> {
  readonly byObject: Derived<Input, Found>;
  readonly list: Recalled<readonly Diagnostic[]>;
}

/** `previous` undefined: everything is checked. `again`: keys of those to check though they are the same. */
export function collectFindings<Input>(
  previous: Findings<Input> | undefined,
  input: PersistentMap<Input>,
  resourceOf: (value: Input) => Resource,
  check: (value: Input) => readonly Diagnostic[],
  again: Iterable<string> = [],
): Findings<Input> {
  const byObject = deriveValues(
    previous?.byObject,
    input,
    (value): Found | undefined => {
      const diagnostics = check(value);
      return diagnostics.length === 0 ? undefined : { resource: resourceOf(value), diagnostics };
    },
    again,
  );
  // The list itself stays what it was where nothing is found before nor after.
  const list = recall(previous?.list, [byObject.output], () =>
    inPrecedence(byObject.output.values()).flatMap(({ diagnostics }) => diagnostics),
  );
  return { byObject, list };
}
