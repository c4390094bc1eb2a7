// Once clusters are added or removed: who waits for whom. Nothing may wait for what is not there, or Envoy waits forever.
import type { ResourceReference, ResourceSet, XdsResource } from '../../xds/resource.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';

/** `texts`: those in the values of patches, the names of clusters among them. */
export function repairReferences(before: ResourceSet, after: ResourceSet, texts: ReadonlySet<string>): ResourceSet {
  const clusters = (set: ResourceSet): readonly string[] => [...(set.get(typeUrls.cluster)?.keys() ?? [])];
  const had = new Set(clusters(before));
  const has = new Set(clusters(after));
  const named = [...texts].filter((name) => has.has(name));
  const removed = new Set([...had].filter((name) => !has.has(name)));
  if (named.length + removed.size === 0) return after;
  const exists = ({ typeUrl, name }: ResourceReference): boolean => typeUrl !== typeUrls.cluster || !removed.has(name);
  const repair = (typeUrl: TypeUrl, resource: XdsResource): XdsResource => {
    const kept = resource.references.filter(exists);
    const isNew = before.get(typeUrl)?.get(resource.name) !== resource;
    const isKnown = (name: string): boolean =>
      kept.some((one) => one.typeUrl === typeUrls.cluster && one.name === name);
    const more =
      isNew && typeUrl !== typeUrls.cluster ? named.filter((name) => !isKnown(name) && mentions(resource, name)) : [];
    if (kept.length === resource.references.length && more.length === 0) return resource;
    return { ...resource, references: [...kept, ...more.map((name) => ({ typeUrl: typeUrls.cluster, name }))] };
  };
  return new Map(
    [...after].map(([typeUrl, resources]): [TypeUrl, ReadonlyMap<string, XdsResource>] => [
      typeUrl,
      // The endpoints of a cluster go by its name, and with it.
      new Map(
        [...resources]
          .filter(([name]) => typeUrl !== typeUrls.endpoint || !removed.has(name))
          .map(([name, resource]) => [name, repair(typeUrl, resource)]),
      ),
    ]),
  );
}

/** Every text in a value, at any depth. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Whatever field it stands in: protobuf has text as it is. */
const mentions = ({ bytes }: XdsResource, name: string): boolean => Buffer.from(bytes).includes(name);
