// The import law as data: which folder may import which, and why. Checked by test/architecture.test.ts.

export interface FolderRule {
  /** Folder under src/; the longest matching one decides. */
  readonly folder: string;
  /** Folders (or single files) it may import besides itself. `*` is everything. */
  readonly mayImport: readonly string[];
  readonly reason: string;
}

export const importLaw: readonly FolderRule[] = [
  { folder: 'lib', mayImport: [], reason: 'small things without a place in the flow; everything may stand on them' },
  { folder: 'xds', mayImport: ['lib'], reason: 'the wire: pilot and gateway meet only here' },
  {
    folder: 'pilot/resources',
    mayImport: ['lib'],
    reason: 'unknown to typed objects; knows nothing of what they are used for',
  },
  { folder: 'pilot/sources', mayImport: ['pilot/resources', 'lib'], reason: 'a source yields snapshots, nothing else' },
  {
    folder: 'pilot/model',
    mayImport: ['pilot/resources', 'lib'],
    reason: 'the only place for rules across objects, and free of Envoy',
  },
  {
    folder: 'pilot/keys',
    mayImport: ['pilot/model', 'lib'],
    reason: 'fetches what the model names, and knows nothing of what becomes of it',
  },
  {
    folder: 'pilot/translate',
    mayImport: ['pilot/model', 'xds', 'lib'],
    reason: 'pure: reads the model only, so raw resources stay behind it',
  },
  {
    folder: 'pilot/patch',
    mayImport: ['pilot/model', 'pilot/translate', 'xds', 'lib'],
    reason: 'the last word on what translate made, before it is sent: Envoy resources in, Envoy resources out',
  },
  { folder: 'pilot/ads', mayImport: ['xds', 'lib'], reason: 'sends resources without knowing what they mean' },
  {
    folder: 'pilot/status',
    mayImport: ['pilot/resources', 'pilot/model', 'xds', 'lib'],
    reason: 'pure views of what was intended and acknowledged',
  },
  {
    folder: 'gateway/access-log',
    mayImport: ['xds', 'lib', 'gateway/data-plane.ts'],
    reason: 'shared by both data planes',
  },
  {
    folder: 'gateway/secrets',
    mayImport: ['xds', 'lib', 'gateway/data-plane.ts'],
    reason: 'shared by both data planes',
  },
  {
    folder: 'gateway/statistics',
    mayImport: [],
    reason: 'what is asked of statistics and how they are tagged: shared by both data planes',
  },
  {
    folder: 'gateway/envoy',
    mayImport: ['gateway/access-log', 'gateway/secrets', 'gateway/statistics', 'gateway/data-plane.ts', 'xds', 'lib'],
    reason: 'a data plane knows pilot only by xDS, and never the other data plane',
  },
  {
    folder: 'gateway/engine',
    mayImport: ['gateway/access-log', 'gateway/secrets', 'gateway/statistics', 'gateway/data-plane.ts', 'xds', 'lib'],
    reason: 'a data plane knows pilot only by xDS, and never the other data plane',
  },
  { folder: 'gateway', mayImport: ['xds', 'lib'], reason: 'the joint of the data planes' },
  {
    folder: 'insight',
    mayImport: ['pilot/model', 'pilot/translate', 'xds', 'gateway/engine/match', 'lib'],
    reason: 'explains with the matcher that serves traffic',
  },
  { folder: 'admin', mayImport: ['lib'], reason: 'its views are given to it, so any stage can be looked at' },
  { folder: 'cli', mayImport: ['main', 'insight', 'lib'], reason: 'parses flags, calls, prints' },
  { folder: 'main', mayImport: ['*'], reason: 'composition only' },
];

export interface ImportEdge {
  /** Paths relative to src/. */
  readonly from: string;
  readonly to: string;
}

const within = (file: string, folder: string): boolean => file === folder || file.startsWith(`${folder}/`);

export function ruleFor(file: string): FolderRule | undefined {
  return importLaw.filter((rule) => within(file, rule.folder)).toSorted((a, b) => b.folder.length - a.folder.length)[0];
}

/** One sentence for each edge that the law forbids. */
export function importViolations(edges: readonly ImportEdge[]): string[] {
  return edges.flatMap(({ from, to }) => {
    const rule = ruleFor(from);
    if (!rule) return [`${from}: its folder has no rule in the import law`];
    const allowed =
      rule.mayImport.includes('*') || within(to, rule.folder) || rule.mayImport.some((folder) => within(to, folder));
    return allowed
      ? []
      : [
          `${from} imports ${to}: ${rule.folder} may import ${rule.mayImport.join(', ') || 'nothing of ours'} (${rule.reason})`,
        ];
  });
}

/** Each cycle once, as the files on it. Types count: a cycle of types is a wall in the wrong place too. */
export function importCycles(edges: readonly ImportEdge[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const path: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) cycles.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of targets.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of [...targets.keys()].toSorted()) visit(file);
  return cycles;
}
