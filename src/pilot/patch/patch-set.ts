// All patches of a class of proxies onto all it should have: what none of them changes stays the resource it is.
import { fromBinary } from '@bufbuild/protobuf';
import { type Cluster, ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import { SocketAddress_Protocol } from '../../xds/generated/envoy/config/core/v3/address_pb.ts';
import { type Listener, ListenerSchema } from '../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../xds/generated/envoy/config/route/v3/route_pb.ts';
import { createXdsResource, type ResourceSet, type XdsResource } from '../../xds/resource.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';
import type { EnvoyPatch, ProxyView } from '../model/proxy-view.ts';
import { applyClusterPatches, matchesCluster } from './apply-cluster-patches.ts';
import { applyListenerPatches } from './apply-listener-patches.ts';
import { applyRoutePatches, matchesRouteTable } from './apply-route-patches.ts';
import { checkCluster } from './check-cluster.ts';
import type { Violation } from './check-constraints.ts';
import { checkListener } from './check-listener.ts';
import { checkRouteTable } from './check-route-table.ts';
import { type CompiledPatch, compilePatch } from './compile-patches.ts';
import { listenerIdentities, routeTableIdentities } from './identify-resources.ts';
import { inlineExtensions } from './inline-extensions.ts';
import { matchesListener } from './match-listener.ts';
import { patchResource } from './patch-resource.ts';
import { type PatchedResource, type Refusal, startRun, valueFor } from './patch-run.ts';
import { repairReferences, textsIn } from './repair-references.ts';

export interface PatchedSet {
  /** The one given, where there is no patch. */
  readonly resources: ResourceSet;
  readonly applied: ReadonlySet<EnvoyPatch['patch']>;
  readonly refusals: readonly Refusal[];
}

type Resources = ReadonlyMap<string, XdsResource>;

export function patchSet(view: ProxyView, set: ResourceSet): PatchedSet {
  const patches = view.envoyPatches.flatMap((patch) => compilePatch(patch).compiled ?? []);
  if (patches.length === 0) return { resources: set, applied: new Set(), refusals: [] };
  const results = [patchClusters, patchRouteTables, patchListeners].map((patchType) => patchType(view, set, patches));
  const resources = new Map([...set, ...results.map(({ typeUrl, resources }) => [typeUrl, resources] as const)]);
  return {
    resources: repairReferences(set, resources, new Set(patches.flatMap(({ patch }) => textsIn(patch.value)))),
    applied: new Set(results.flatMap(({ applied }) => applied.map(({ patch }) => patch))),
    refusals: results.flatMap(({ refusals }) => refusals),
  };
}

interface PatchedType {
  readonly typeUrl: TypeUrl;
  readonly resources: Resources;
  readonly applied: readonly CompiledPatch[];
  readonly refusals: readonly Refusal[];
}

/** So that of what many of them show the same is told each time. */
const inOrder = (resources: Resources): readonly XdsResource[] =>
  [...resources.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

function gather(
  typeUrl: TypeUrl,
  before: Resources,
  patched: readonly PatchedResource[],
  added: Additions,
): PatchedType {
  const resources = [...patched.flatMap(({ resource }) => resource ?? []), ...added.resources];
  const same = resources.length === before.size && resources.every((one) => before.get(one.name) === one);
  return {
    typeUrl,
    resources: same ? before : new Map(resources.map((resource) => [resource.name, resource])),
    applied: [...patched.flatMap(({ applied }) => [...applied]), ...added.applied],
    refusals: [...patched.flatMap(({ refusals }) => refusals), ...added.refusals],
  };
}

const untouched = (resource: XdsResource): PatchedResource => ({ resource, applied: new Set(), refusals: [] });

const ofType = (set: ResourceSet, typeUrl: TypeUrl): Resources => set.get(typeUrl) ?? new Map();

function patchClusters(_view: ProxyView, set: ResourceSet, patches: readonly CompiledPatch[]): PatchedType {
  const before = ofType(set, typeUrls.cluster);
  const changes = patches.filter(({ patch }) => patch.applyTo === 'CLUSTER' && patch.operation !== 'ADD');
  const patched = inOrder(before).map((resource) => {
    const own = changes.filter((patch) => matchesCluster(patch, resource.name));
    if (own.length === 0) return untouched(resource);
    return patchResource(resource, own, { schema: ClusterSchema, apply: applyClusterPatches, check: checkCluster });
  });
  const names = new Set(patched.flatMap(({ resource }) => resource?.name ?? []));
  const added = addResources(patches, 'CLUSTER', (patch) => {
    const cluster: Cluster = valueFor(ClusterSchema, patch);
    const violation = names.has(cluster.name) ? `there is a cluster ${cluster.name} already` : checkCluster(cluster)[0];
    if (violation !== undefined) return { name: cluster.name, violation, applied: [] };
    names.add(cluster.name);
    const resource = createXdsResource(typeUrls.cluster, ClusterSchema, cluster.name, cluster, { owners: [patch.ref] });
    return { name: cluster.name, resource, applied: [patch] };
  });
  return gather(typeUrls.cluster, before, patched, added);
}

function patchRouteTables(view: ProxyView, set: ResourceSet, patches: readonly CompiledPatch[]): PatchedType {
  const before = ofType(set, typeUrls.route);
  const identities = routeTableIdentities(view);
  const changes = patches.filter(({ patch }) => routeKinds.has(patch.applyTo));
  const patched = inOrder(before).map((resource) => {
    const identity = identities.get(resource.name);
    const own = identity ? changes.filter((patch) => matchesRouteTable(patch, identity)) : [];
    if (own.length === 0) return untouched(resource);
    return patchResource(resource, own, {
      schema: RouteConfigurationSchema,
      apply: (table, run) => {
        applyRoutePatches(table, run);
        return true;
      },
      check: checkRouteTable,
    });
  });
  return gather(typeUrls.route, before, patched, { resources: [], applied: [], refusals: [] });
}

const routeKinds: ReadonlySet<string> = new Set(['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE']);
const listenerKinds: ReadonlySet<string> = new Set([
  ...['LISTENER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER', 'LISTENER_FILTER'],
]);

function patchListeners(view: ProxyView, set: ResourceSet, patches: readonly CompiledPatch[]): PatchedType {
  const before = ofType(set, typeUrls.listener);
  const identities = listenerIdentities(view);
  const isAddition = ({ patch }: CompiledPatch): boolean => patch.applyTo === 'LISTENER' && patch.operation === 'ADD';
  const changes = patches.filter((patch) => listenerKinds.has(patch.patch.applyTo) && !isAddition(patch));
  const extensions = patches.filter(({ patch }) => patch.applyTo === 'EXTENSION_CONFIG');
  const patched = inOrder(before).map((resource) => {
    const identity = identities.get(resource.name);
    const own = identity ? changes.filter((patch) => matchesListener(patch, identity)) : [];
    if (identity === undefined || own.length === 0) return untouched(resource);
    return patchResource(resource, [...own, ...extensions], {
      schema: ListenerSchema,
      apply: (listener, run) => {
        const stays = applyListenerPatches(listener, identity, run);
        if (stays) inlineExtensions(listener, run);
        return stays;
      },
      check: checkListener,
    });
  });
  const taken = new Set(patched.flatMap(({ resource }) => (resource ? addressKeys(resource) : [])));
  const added = addResources(patches, 'LISTENER', (patch) => {
    const listener: Listener = valueFor(ListenerSchema, patch);
    const run = startRun(extensions);
    inlineExtensions(listener, run);
    const { name } = listener;
    const resource = createXdsResource(typeUrls.listener, ListenerSchema, name, listener, {
      owners: [patch.ref, ...[...run.applied].map(({ ref }) => ref)],
    });
    const keys = addressKeys(resource);
    const used = keys.find((key) => taken.has(key));
    const violation = name === '' ? 'name: is missing' : used ? `there is a listener with ${used} already` : undefined;
    const found = violation ?? [...run.problems.values(), ...checkListener(listener)][0];
    if (found !== undefined) return { name, violation: found, applied: [] };
    for (const key of keys) taken.add(key);
    return { name, resource, applied: [patch, ...run.applied] };
  });
  return gather(typeUrls.listener, before, patched, added);
}

/** What two listeners cannot share. */
function addressKeys({ name, bytes }: XdsResource): readonly string[] {
  const address = fromBinary(ListenerSchema, bytes).address?.address;
  if (address?.case !== 'socketAddress') return [`name ${name}`];
  const { address: host, protocol, portSpecifier } = address.value;
  return [
    `name ${name}`,
    `address ${host}:${portSpecifier.value} (${protocol === SocketAddress_Protocol.UDP ? 'UDP' : 'TCP'})`,
  ];
}

interface Additions {
  readonly resources: readonly XdsResource[];
  readonly applied: readonly CompiledPatch[];
  readonly refusals: readonly Refusal[];
}

interface Addition {
  readonly name: string;
  readonly resource?: XdsResource;
  readonly violation?: Violation;
  readonly applied: readonly CompiledPatch[];
}

/** A defect of ours costs the patch that shows it, not the gateway. */
function guarded(add: () => Addition): Addition {
  try {
    return add();
  } catch (thrown) {
    return { name: '', violation: thrown instanceof Error ? thrown.message : String(thrown), applied: [] };
  }
}

function addResources(
  patches: readonly CompiledPatch[],
  applyTo: EnvoyPatch['patch']['applyTo'],
  add: (patch: CompiledPatch) => Addition,
): Additions {
  const results = patches
    .filter(({ patch }) => patch.applyTo === applyTo && patch.operation === 'ADD')
    .map((patch) => ({ patch, ...guarded(() => add(patch)) }));
  return {
    resources: results.flatMap(({ resource }) => resource ?? []),
    applied: results.flatMap(({ applied }) => applied),
    refusals: results.flatMap(({ patch, name, violation }) =>
      violation === undefined ? [] : [{ patch, resource: name, reason: violation }],
    ),
  };
}
