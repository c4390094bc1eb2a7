// Which DestinationRule a gateway follows for a Service: its own namespace's, else the Service's, else the root namespace's.
import type { DestinationRules, ModelDestinationRule } from './build-destination-rules.ts';
import { isExportedTo, isPrivate } from './export-to.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Model, ModelService } from './model.ts';
import { type ProxyClass, selectorMatches } from './proxy-class.ts';

export type Viewer = Pick<ProxyClass, 'namespace' | 'labels'>;
type ByHost = ReadonlyMap<string, readonly ModelDestinationRule[]>;

/** `a.b.c`, `*.b.c`, `*.c`, `*`: from the most specific to the least. */
function* namesFor(host: string): Generator<string> {
  yield host;
  let rest = host.startsWith('*.') ? host.slice(2) : host;
  for (let dot = rest.indexOf('.'); dot >= 0; dot = rest.indexOf('.')) {
    rest = rest.slice(dot + 1);
    yield `*.${rest}`;
  }
  yield '*';
}

/** Those of the most specific host that has any: a less specific one does not stand in for what it lacks. */
function mostSpecific(
  rules: ByHost | undefined,
  host: string,
  counts: (rule: ModelDestinationRule) => boolean,
): readonly ModelDestinationRule[] {
  if (rules === undefined) return [];
  for (const name of namesFor(host)) {
    const found = rules.get(name)?.filter(counts) ?? [];
    if (found.length > 0) return found;
  }
  return [];
}

const isOwn = ({ exportTo, namespace }: ModelDestinationRule): boolean => isPrivate(exportTo, namespace);

/** Istio's search (PushContext.destinationRule); the root namespace is for everybody, so only its private rules come first. */
function candidates(
  rules: DestinationRules,
  { rootNamespace }: MeshSettings,
  service: ModelService,
  proxy: Viewer,
): readonly ModelDestinationRule[] {
  const own = mostSpecific(
    rules.get(proxy.namespace),
    service.host,
    (rule) => proxy.namespace !== rootNamespace || isOwn(rule),
  );
  if (own.length > 0) return own;
  for (const namespace of [service.namespace, rootNamespace]) {
    const found = mostSpecific(rules.get(namespace), service.host, (rule) => !isOwn(rule));
    const exported = found.filter(({ exportTo }) => isExportedTo(exportTo, proxy.namespace));
    if (exported.length > 0) return exported;
  }
  return [];
}

/** One for gateways with certain labels wins over those for all; it counts in its own namespace only. */
export function selectDestinationRule(
  { destinationRules, mesh }: Pick<Model, 'destinationRules' | 'mesh'>,
  service: ModelService,
  proxy: Viewer,
): ModelDestinationRule | undefined {
  const found = candidates(destinationRules, mesh, service, proxy);
  const forItsLabels = found.find(
    ({ namespace, workloadSelector }) =>
      namespace === proxy.namespace &&
      workloadSelector !== undefined &&
      selectorMatches(workloadSelector, proxy.labels),
  );
  return forItsLabels ?? found.find(({ workloadSelector }) => workloadSelector === undefined);
}
