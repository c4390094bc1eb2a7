// Namespace: its labels, which are in its metadata, decide whether the objects in it count (discoverySelectors).

export type NamespaceSpec = Readonly<Record<never, never>>;
