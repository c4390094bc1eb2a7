// exportTo of Services, VirtualServices and DestinationRules: the namespaces whose proxies may have them.

export type ExportTo = 'all' | ReadonlySet<string>;

/** `.` is the object's own namespace, `*` every one and `~` none; nothing at all is what `usual` says, and that every one. */
export function exportedTo(given: readonly string[], usual: readonly string[], namespace: string): ExportTo {
  const names = given.length > 0 ? given : usual;
  if (names.length === 0 || names.includes('*')) return 'all';
  return new Set(names.filter((name) => name !== '~').map((name) => (name === '.' ? namespace : name)));
}

/** `namespace` undefined: somebody who sees everything. */
export const isExportedTo = (exportTo: ExportTo, namespace: string | undefined): boolean =>
  exportTo === 'all' || namespace === undefined || exportTo.has(namespace);

/** To its own namespace, and to no other. */
export const isPrivate = (exportTo: ExportTo, namespace: string): boolean =>
  exportTo !== 'all' && exportTo.size === 1 && exportTo.has(namespace);
