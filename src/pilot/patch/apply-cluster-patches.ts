// Patches of one cluster: settings are merged, its transport socket by the configuration in it.
import { type Cluster, ClusterSchema } from '../../xds/generated/envoy/config/cluster/v3/cluster_pb.ts';
import type { TransportSocket } from '../../xds/generated/envoy/config/core/v3/base_pb.ts';
import type { EnvoyPatch } from '../model/proxy-view.ts';
import type { CompiledPatch } from './compile-patches.ts';
import { mergeAny, mergeInto } from './merge-extension.ts';
import { isMerge, type PatchRun, patchesFor, valueFor } from './patch-run.ts';

/** `outbound|80|v1|reviews.default.svc.cluster.local`; undefined of a name of another form, which is of no Service. */
function parseName(
  name: string,
): { readonly port: number; readonly subset: string; readonly host: string } | undefined {
  const [, port, subset, host, ...rest] = name.includes('|') ? name.split('|') : name.split('_.');
  if (port === undefined || subset === undefined || host === undefined || rest.length > 0) return undefined;
  return { port: Number(port), subset, host };
}

export function matchesCluster({ patch }: EnvoyPatch, name: string): boolean {
  const match = patch.cluster;
  if (match === undefined) return true;
  if (match.name !== undefined) return match.name === name;
  const parsed = parseName(name);
  return (
    (match.subset === undefined || match.subset === parsed?.subset) &&
    (match.service === undefined || match.service === parsed?.host) &&
    (match.portNumber === undefined || match.portNumber === parsed?.port)
  );
}

/** Changes the cluster; false: it is removed. Its patches are those that `matchesCluster` says are for it. */
export function applyClusterPatches(cluster: Cluster, run: PatchRun): boolean {
  for (const patch of patchesFor(run, 'CLUSTER')) {
    if (patch.patch.operation === 'REMOVE') {
      run.applied.add(patch);
      return false;
    }
    if (isMerge(patch) && !mergeTransportSocket(cluster, patch, run)) mergeInto(ClusterSchema, cluster, patch, run);
  }
  return true;
}

/** True where the patch has one: it is merged into the one of its name, else put in its place, and nothing else is merged. */
function mergeTransportSocket(cluster: Cluster, patch: CompiledPatch, run: PatchRun): boolean {
  const source = (patch.value as Cluster).transportSocket;
  if (source === undefined) return false;
  const matching = cluster.transportSocketMatches.map(({ transportSocket }) => transportSocket);
  const isNamesake = (socket: TransportSocket | undefined): boolean => socket?.name === source.name;
  const target = matching.length > 0 ? matching.find(isNamesake) : [cluster.transportSocket].find(isNamesake);
  if (target === undefined && matching.length > 0) {
    run.problems.set(patch, `the cluster has no transport socket ${source.name} that it could be merged into`);
  } else if (target === undefined) {
    const { transportSocket } = valueFor(ClusterSchema, patch);
    if (transportSocket) cluster.transportSocket = transportSocket;
    run.applied.add(patch);
  } else if (target.configType.case === 'typedConfig' && source.configType.case === 'typedConfig') {
    const merged = mergeAny(target.configType.value, patch, source.configType.value, run);
    if (merged === undefined) return true;
    target.configType = { case: 'typedConfig', value: merged };
    run.applied.add(patch);
  }
  return true;
}
