// Which of the user's objects count at all: those of the namespaces that discoverySelectors select, and what belongs to none.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import { type Derived, deriveValues } from '../../lib/incremental/derive.ts';
import { persistent } from '../../lib/incremental/persistent-map.ts';
import type { Resource, ResourceKind } from '../resources/resource.ts';
import { type ObjectsOfKind, objectKey, type SnapshotObjects } from '../resources/snapshot.ts';
import type { LabelRequirement, MeshSettings, NamespaceSelector } from './mesh-settings.ts';
import { report } from './report.ts';
import { sameList } from './same-list.ts';

type Labels = Readonly<Record<string, string>>;
type Discovery = Pick<MeshSettings, 'discoverySelectors'>;

function holds({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** Kubernetes gives each namespace this label itself. */
const nameLabel = 'kubernetes.io/metadata.name';

const namespaceOf = ({ Namespace }: SnapshotObjects, name: string) => Namespace.get(objectKey('default', name));

/** A namespace nobody gave is one without labels. */
function isSelected(selectors: readonly NamespaceSelector[], objects: SnapshotObjects, name: string): boolean {
  const labels = { ...namespaceOf(objects, name)?.metadata.labels, [nameLabel]: name };
  return selectors.some((selector) => selector.every((requirement) => holds(requirement, labels)));
}

/** Those of no namespace, and the ConfigMaps: the mesh settings themselves are found wherever they select. */
const everywhere: ReadonlySet<string> = new Set(['Node', 'Namespace', 'IngressClass', 'ConfigMap']);

export interface Discovered {
  readonly seen: SnapshotObjects;
  /** By what it was decided, and of each kind what was. */
  readonly by: readonly unknown[];
  readonly kinds: ReadonlyMap<string, Derived<Resource, Resource>>;
}

/** An object is decided about once, until it, the selectors or the Namespaces change. */
export function discoverObjects(
  objects: SnapshotObjects,
  { discoverySelectors }: Discovery,
  previous?: Discovered,
): Discovered {
  if (discoverySelectors.length === 0) return { seen: objects, by: [], kinds: new Map() };
  const by = [discoverySelectors, objects.Namespace];
  const known = previous !== undefined && sameList(previous.by, by) ? previous : undefined;
  const decided = new Map<string, boolean>();
  const isSeen = ({ metadata: { namespace } }: Resource): boolean => {
    const seen = decided.get(namespace) ?? isSelected(discoverySelectors, objects, namespace);
    decided.set(namespace, seen);
    return seen;
  };
  const kinds = new Map(
    Object.entries(objects)
      .filter(([kind]) => !everywhere.has(kind))
      .map(([kind, all]: [string, ObjectsOfKind<ResourceKind>]) => [
        kind,
        deriveValues<Resource, Resource>(known?.kinds.get(kind), persistent<Resource>(all), (object) =>
          isSeen(object) ? object : undefined,
        ),
      ]),
  );
  const seen = Object.entries(objects).map(([kind, all]) => [kind, kinds.get(kind)?.output ?? all] as const);
  return { seen: Object.fromEntries(seen) as SnapshotObjects, by, kinds };
}

/** Of the namespaces that no selector selects. */
const unseenOf = ({ kinds }: Discovered): readonly Resource[] =>
  [...kinds.values()].flatMap(({ input, output }) =>
    input.size === output.size ? [] : [...input].flatMap(([key, object]) => (output.has(key) ? [] : [object])),
  );

/** So many namespaces are told of one by one. */
const maxListed = 20;

/** Of namespaces that have objects and are not selected: in a cluster they are many, on one machine most likely a mistake. */
export function diagnoseDiscovery(
  objects: SnapshotObjects,
  discovered: Discovered,
  settings: Resource<'ConfigMap'> | undefined,
): readonly Diagnostic[] {
  if (settings === undefined) return [];
  const byNamespace = Map.groupBy(unseenOf(discovered), ({ metadata }) => metadata.namespace);
  const names = [...byNamespace.keys()].sort();
  const listed = names.slice(0, maxListed).map((name) => {
    const count = byNamespace.get(name)?.length ?? 0;
    const isGiven = namespaceOf(objects, name) !== undefined;
    const what = count === 1 ? 'One object' : `${count} objects`;
    return report(settings, {
      severity: isGiven ? 'info' : 'warning',
      code: 'TG0041',
      path: ['data', 'mesh'],
      message: isGiven
        ? `${what} of namespace ${name} do not count: none of the discoverySelectors selects the namespace.`
        : `${what} of namespace ${name} do not count: there is no Namespace ${name} here, so it has no labels, and none of the discoverySelectors selects it.`,
      remedy: isGiven
        ? 'Give the namespace the labels that a selector asks for, if its objects are to count.'
        : `Add the Namespace ${name} with the labels that a selector asks for, if its objects are to count.`,
    });
  });
  const more = names.slice(maxListed);
  if (more.length === 0) return listed;
  return [
    ...listed,
    report(settings, {
      severity: 'info',
      code: 'TG0041',
      path: ['data', 'mesh'],
      message: `Objects of ${more.length} more namespaces do not count: none of the discoverySelectors selects them.`,
      remedy: 'Give the namespaces the labels that a selector asks for, if their objects are to count.',
    }),
  ];
}
