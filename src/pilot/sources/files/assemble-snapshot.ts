// The contents of all files -> one Snapshot that shares everything unchanged with the one before, for the cost of what changed.
import { type Diagnostic, formatResourceRef } from '../../../lib/diagnostic.ts';
import {
  type Derived,
  deriveSorted,
  deriveValues,
  type Recalled,
  recall,
  type Sorted,
} from '../../../lib/incremental/derive.ts';
import { PersistentMap } from '../../../lib/incremental/persistent-map.ts';
import { type Resource, type ResourceKind, resourceRef } from '../../resources/resource.ts';
import { type ChangedObject, objectKey, type Snapshot, type SnapshotObjects } from '../../resources/snapshot.ts';
import { type FileContent, unusableObjects } from './file-content.ts';
import { reportUnknownKinds } from './report-unknown-kinds.ts';

/** Duplicates listed one by one; the rest is counted. */
const MAX_DUPLICATES = 100;

const kinds = {
  Service: true,
  EndpointSlice: true,
  Endpoints: true,
  Pod: true,
  Node: true,
  Namespace: true,
  Secret: true,
  ConfigMap: true,
  Gateway: true,
  VirtualService: true,
  DestinationRule: true,
  ServiceEntry: true,
  WorkloadEntry: true,
  AuthorizationPolicy: true,
  RequestAuthentication: true,
  ProxyConfig: true,
  Telemetry: true,
  TrafficPolicy: true,
  EnvoyFilter: true,
  Ingress: true,
  IngressClass: true,
} satisfies Readonly<Record<ResourceKind, true>>;

const allKinds = Object.keys(kinds) as readonly ResourceKind[];

type Objects = { readonly [Kind in ResourceKind]: PersistentMap<Resource<Kind>> };
type AnyObjects = Readonly<Record<ResourceKind, PersistentMap<Resource>>>;

/** A name, and all objects that have it, in the order of the files: the first one counts. */
interface Claims {
  readonly kind: ResourceKind;
  readonly key: string;
  readonly resources: readonly Resource[];
}

/** A snapshot, with what the next one is made from. */
export interface Assembly {
  readonly snapshot: Snapshot;
  readonly files: PersistentMap<FileContent>;
  readonly claims: PersistentMap<Claims>;
  /** Names that several objects have. */
  readonly duplicates: Derived<Claims, Claims>;
  /** Files of which something is to be said. */
  readonly troubled: Derived<FileContent, FileContent>;
  readonly inOrder: Sorted<FileContent>;
  readonly said: Recalled<readonly Diagnostic[]>;
}

const noObjects = Object.fromEntries(allKinds.map((kind) => [kind, PersistentMap.empty()])) as unknown as Objects;

const byOrigin = (a: Resource, b: Resource): number =>
  a.origin.source === b.origin.source ? a.origin.index - b.origin.index : a.origin.source < b.origin.source ? -1 : 1;

const byPath = (a: FileContent, b: FileContent): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

const isTroubled = ({ problems, documents }: FileContent): boolean =>
  problems.length > 0 ||
  documents.some(({ diagnostics, unknownKinds }) => diagnostics.length + unknownKinds.length > 0);

/** `files` by path. `problems` are those of the folders. */
export function assembleSnapshot(
  previous: Assembly | undefined,
  files: PersistentMap<FileContent>,
  problems: readonly Diagnostic[],
): Assembly {
  const claims = claimNames(previous, files);
  const moves = countMoves(previous, files);
  const { objects, changed } = takeFirst(previous, claims);
  const duplicates = deriveValues(previous?.duplicates, claims, (claim) =>
    claim.resources.length > 1 ? claim : undefined,
  );
  const troubled = deriveValues(previous?.troubled, files, (file) => (isTroubled(file) ? file : undefined));
  const inOrder = deriveSorted(previous?.inOrder, troubled.output, byPath);
  const said = recall(previous?.said, [problems, inOrder.output, duplicates.output, moves], () => [
    ...problems,
    ...inOrder.output.flatMap((file) => file.problems),
    ...inOrder.output.flatMap(unusableObjects),
    ...reportDuplicates([...duplicates.output.values()]),
    ...reportUnknownKinds(inOrder.output.flatMap(({ documents }) => documents.flatMap((one) => one.unknownKinds))),
  ]);
  return {
    snapshot: { objects: objects as SnapshotObjects, changed, moves, diagnostics: said.value },
    said,
    files,
    claims,
    duplicates,
    troubled,
    inOrder,
  };
}

const countMoves = (previous: Assembly | undefined, files: PersistentMap<FileContent>): number =>
  PersistentMap.changesBetween(previous?.files ?? PersistentMap.empty<FileContent>(), files).reduce(
    (moves, { before, after }) =>
      moves + (before !== undefined && after !== undefined ? after.moves - before.moves : 0),
    previous?.snapshot.moves ?? 0,
  );

const resourcesOf = (file: FileContent | undefined): readonly Resource[] =>
  file?.documents.flatMap(({ resources }) => resources) ?? [];

const claimKey = ({ kind, metadata }: Resource): string => `${kind} ${objectKey(metadata.namespace, metadata.name)}`;

/** Only the names that changed files had or have are looked at. */
function claimNames(previous: Assembly | undefined, files: PersistentMap<FileContent>): PersistentMap<Claims> {
  const gone = new Map<string, Set<Resource>>();
  const come = new Map<string, Resource[]>();
  for (const { before, after } of PersistentMap.changesBetween(
    previous?.files ?? PersistentMap.empty<FileContent>(),
    files,
  )) {
    const [old, now] = [resourcesOf(before), resourcesOf(after)];
    const [oldSet, nowSet] = [new Set(old), new Set(now)];
    for (const resource of old) if (!nowSet.has(resource)) addTo(gone, resource, new Set<Resource>());
    for (const resource of now) {
      if (oldSet.has(resource)) continue;
      const list = come.get(claimKey(resource));
      if (list) list.push(resource);
      else come.set(claimKey(resource), [resource]);
    }
  }
  const known = previous?.claims ?? PersistentMap.empty<Claims>();
  const edits = [...new Set([...gone.keys(), ...come.keys()])].map((name) => {
    const left = (known.get(name)?.resources ?? []).filter((resource) => gone.get(name)?.has(resource) !== true);
    const resources = [...left, ...(come.get(name) ?? [])].sort(byOrigin);
    const [first] = resources;
    if (first === undefined) return [name, undefined] as const;
    const key = objectKey(first.metadata.namespace, first.metadata.name);
    return [name, { kind: first.kind, key, resources }] as const;
  });
  return known.change(edits);
}

function addTo(sets: Map<string, Set<Resource>>, resource: Resource, empty: Set<Resource>): void {
  const key = claimKey(resource);
  const set = sets.get(key) ?? empty;
  sets.set(key, set.add(resource));
}

function takeFirst(
  previous: Assembly | undefined,
  claims: PersistentMap<Claims>,
): { readonly objects: Objects; readonly changed: readonly ChangedObject[] } {
  const edits = new Map<ResourceKind, [string, Resource | undefined][]>();
  const changed: ChangedObject[] = [];
  const changes = PersistentMap.changesBetween(previous?.claims ?? PersistentMap.empty<Claims>(), claims);
  for (const { before, after } of changes) {
    const claim = after ?? before;
    const resource = after?.resources[0];
    if (claim === undefined || before?.resources[0] === resource) continue;
    const { kind, key } = claim;
    changed.push({ kind, key });
    const list = edits.get(kind);
    if (list) list.push([key, resource]);
    else edits.set(kind, [[key, resource]]);
  }
  const old = (previous?.snapshot.objects ?? noObjects) as unknown as AnyObjects;
  const objects = allKinds.map((kind) => [kind, old[kind].change(edits.get(kind) ?? [])] as const);
  return { objects: Object.fromEntries(objects) as unknown as Objects, changed };
}

const rank = new Map(allKinds.map((kind, i) => [kind, i]));

function reportDuplicates(claims: readonly Claims[]): readonly Diagnostic[] {
  const duplicates = claims
    .flatMap(({ resources: [first, ...others] }) =>
      first === undefined ? [] : others.map((second) => ({ first, second })),
    )
    .sort((a, b) => (rank.get(a.second.kind) ?? 0) - (rank.get(b.second.kind) ?? 0) || byOrigin(a.second, b.second));
  const listed = duplicates.slice(0, MAX_DUPLICATES).map(({ first, second }): Diagnostic => {
    const at = first.origin.locate(['metadata', 'name']);
    const where = at ? `${at.file}:${at.line}` : first.origin.source;
    const ref = resourceRef(second);
    return {
      severity: 'error',
      code: 'TG0004',
      resource: ref,
      path: 'metadata.name',
      message: `${formatResourceRef(ref)} is already defined at ${where}. The first one counts; this one is not used.`,
      remedy: 'Remove one of them.',
      ...(second.origin.locate(['metadata', 'name']) ?? {}),
    };
  });
  const more = duplicates.length - listed.length;
  if (more === 0) return listed;
  const message = `${more} more objects are defined twice.`;
  return [...listed, { severity: 'error', code: 'TG0004', message, remedy: 'Are the same manifests given twice?' }];
}
