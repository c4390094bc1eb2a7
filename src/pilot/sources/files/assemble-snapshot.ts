// The contents of all files -> one Snapshot that shares everything unchanged with the one before.
import { type Diagnostic, formatResourceRef } from '../../../lib/diagnostic.ts';
import { isOfKind, type Resource, type ResourceKind, resourceRef } from '../../resources/resource.ts';
import { type ChangedObject, type ObjectsOfKind, objectKey, type Snapshot } from '../../resources/snapshot.ts';
import { type FileContent, unusableObjects } from './file-content.ts';
import { reportUnknownKinds } from './report-unknown-kinds.ts';

/** Duplicates listed one by one; the rest is counted. */
const MAX_DUPLICATES = 100;

interface Duplicate {
  readonly first: Resource;
  readonly second: Resource;
}

/** `files` in their order: the first of two equal names counts. `problems` are those of the folders. */
export function assembleSnapshot(
  previous: Snapshot | undefined,
  files: readonly FileContent[],
  problems: readonly Diagnostic[],
): Snapshot {
  const byKind = Map.groupBy(
    files.flatMap((file) => file.documents.flatMap((document) => document.resources)),
    (resource) => resource.kind,
  );
  const changed: ChangedObject[] = [];
  const duplicates: Duplicate[] = [];
  const collect = <Kind extends ResourceKind>(kind: Kind): ObjectsOfKind<Kind> => {
    const before: ObjectsOfKind<Kind> = previous?.objects[kind] ?? new Map();
    const after = firstByKey(kind, byKind.get(kind) ?? [], duplicates);
    const keys = changedKeys(before, after);
    changed.push(...keys.map((key) => ({ kind, key })));
    return keys.length === 0 ? before : after;
  };
  const objects = {
    Service: collect('Service'),
    EndpointSlice: collect('EndpointSlice'),
    Endpoints: collect('Endpoints'),
    Pod: collect('Pod'),
    Node: collect('Node'),
    Namespace: collect('Namespace'),
    Secret: collect('Secret'),
    ConfigMap: collect('ConfigMap'),
    Gateway: collect('Gateway'),
    VirtualService: collect('VirtualService'),
    DestinationRule: collect('DestinationRule'),
    ServiceEntry: collect('ServiceEntry'),
    WorkloadEntry: collect('WorkloadEntry'),
    AuthorizationPolicy: collect('AuthorizationPolicy'),
    RequestAuthentication: collect('RequestAuthentication'),
    ProxyConfig: collect('ProxyConfig'),
    Telemetry: collect('Telemetry'),
    TrafficPolicy: collect('TrafficPolicy'),
    EnvoyFilter: collect('EnvoyFilter'),
    Ingress: collect('Ingress'),
    IngressClass: collect('IngressClass'),
  };
  const documents = files.flatMap((file) => file.documents);
  const diagnostics = [
    ...problems,
    ...files.flatMap((file) => file.problems),
    ...files.flatMap(unusableObjects),
    ...reportDuplicates(duplicates),
    ...reportUnknownKinds(documents.flatMap((document) => document.unknownKinds)),
  ];
  return { objects, changed, diagnostics };
}

function firstByKey<Kind extends ResourceKind>(
  kind: Kind,
  resources: readonly Resource[],
  duplicates: Duplicate[],
): ObjectsOfKind<Kind> {
  const objects = new Map<string, Resource<Kind>>();
  for (const resource of resources) {
    if (!isOfKind(resource, kind)) continue;
    const key = objectKey(resource.metadata.namespace, resource.metadata.name);
    const first = objects.get(key);
    if (first) duplicates.push({ first, second: resource });
    else objects.set(key, resource);
  }
  return objects;
}

function changedKeys(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): readonly string[] {
  const keys: string[] = [];
  for (const [key, object] of after) if (before.get(key) !== object) keys.push(key);
  for (const key of before.keys()) if (!after.has(key)) keys.push(key);
  return keys;
}

function reportDuplicates(duplicates: readonly Duplicate[]): readonly Diagnostic[] {
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
