// What filters tell each other about a request, and the access log: Envoy's dynamic metadata, by the filter that it is of.

export type MetadataValue =
  | string
  | number
  | boolean
  | null
  | readonly MetadataValue[]
  | { readonly [key: string]: MetadataValue };
export type MetadataFields = Readonly<Record<string, MetadataValue>>;

/** By namespace: the name of a filter mostly. */
export type DynamicMetadata = ReadonlyMap<string, MetadataFields>;

const none: DynamicMetadata = new Map();

/** A new one, in which `fields` have taken the place of those of their names. */
export function withMetadata(
  metadata: DynamicMetadata | undefined,
  namespace: string,
  fields: MetadataFields,
): DynamicMetadata {
  const known = metadata ?? none;
  return new Map([...known, [namespace, { ...known.get(namespace), ...fields }]]);
}

const isFields = (value: MetadataValue | undefined): value is MetadataFields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined where there is nothing at the end of the path. */
export function metadataAt(
  metadata: DynamicMetadata | undefined,
  namespace: string,
  path: readonly string[],
): MetadataValue | undefined {
  let value: MetadataValue | undefined = metadata?.get(namespace);
  for (const key of path) {
    if (!isFields(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}
