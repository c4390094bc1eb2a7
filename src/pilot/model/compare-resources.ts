// The one order of the user's objects: who comes first wins a conflict, and whose routes are tried first.
import type { Resource } from '../resources/resource.ts';

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const compareNames = (a: Resource, b: Resource): number =>
  compareText(a.metadata.name, b.metadata.name) || compareText(a.metadata.namespace, b.metadata.namespace);

/**
 * Istio's order where there are timestamps: creationTimestamp, name, namespace. Objects of files mostly have none:
 * they follow those that have one, in the order of their files' paths and their position inside.
 */
export function compareResources(a: Resource, b: Resource): number {
  const [first, second] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (first !== undefined && second !== undefined) return first - second || compareNames(a, b);
  if (first !== undefined) return -1;
  if (second !== undefined) return 1;
  return compareText(a.origin.source, b.origin.source) || a.origin.index - b.origin.index || compareNames(a, b);
}

/** Of objects themselves, or of what is made of one each. */
export const inPrecedence = <Value extends Resource | { readonly resource: Resource }>(
  values: Iterable<Value>,
): readonly Value[] => [...values].sort((a, b) => compareResources(resourceOf(a), resourceOf(b)));

const resourceOf = (value: Resource | { readonly resource: Resource }): Resource =>
  'resource' in value ? value.resource : value;
