// Patches of a listener and of what is in it, in Istio's order: the listener, its filters, its chains, what is in those.
import { anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  type Filter,
  type FilterChain,
  FilterChainSchema,
  FilterSchema,
  ListenerFilterSchema,
} from '../../xds/generated/envoy/config/listener/v3/listener_components_pb.ts';
import { type Listener, ListenerSchema } from '../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import {
  HttpConnectionManagerSchema,
  HttpFilterSchema,
} from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { changeList } from './change-list.ts';
import type { CompiledPatch } from './compile-patches.ts';
import {
  httpFilterOf,
  type ListenerIdentity,
  listenerFilterOf,
  matchesFilterChain,
  matchesListener,
  networkFilterOf,
} from './match-listener.ts';
import { mergeAny, mergeFilter, mergeInto } from './merge-extension.ts';
import { isMerge, type PatchRun, patchesFor, valueFor } from './patch-run.ts';

/** Changes the listener; false: it is removed. */
export function applyListenerPatches(listener: Listener, identity: ListenerIdentity, run: PatchRun): boolean {
  for (const patch of patchesFor(run, 'LISTENER')) {
    if (!matchesListener(patch, identity)) continue;
    if (patch.patch.operation === 'REMOVE') {
      run.applied.add(patch);
      return false;
    }
    mergeInto(ListenerSchema, listener, patch, run);
  }
  patchListenerFilters(listener, identity, run);
  const chains = listener.filterChains.filter((chain) => patchFilterChain(chain, identity, run));
  const added = patchesFor(run, 'FILTER_CHAIN').filter(
    (patch) => patch.patch.operation === 'ADD' && matchesListener(patch, identity),
  );
  for (const patch of added) run.applied.add(patch);
  listener.filterChains = [...chains, ...added.map((patch) => valueFor(FilterChainSchema, patch))];
  const { defaultFilterChain } = listener;
  if (defaultFilterChain && !patchFilterChain(defaultFilterChain, identity, run)) delete listener.defaultFilterChain;
  return true;
}

function patchListenerFilters(listener: Listener, identity: ListenerIdentity, run: PatchRun): void {
  for (const patch of patchesFor(run, 'LISTENER_FILTER')) {
    if (!matchesListener(patch, identity)) continue;
    const matches = listenerFilterOf(patch);
    if (patch.patch.operation === 'MERGE')
      for (const filter of listener.listenerFilters.filter((one) => matches?.(one))) mergeFilter(filter, patch, run);
    const changed = changeList(listener.listenerFilters, patch.patch.operation, matches, () =>
      valueFor(ListenerFilterSchema, patch),
    );
    if (changed === undefined) continue;
    listener.listenerFilters = [...changed];
    run.applied.add(patch);
  }
}

/** False: it is removed. */
function patchFilterChain(chain: FilterChain, identity: ListenerIdentity, run: PatchRun): boolean {
  const matches = (patch: CompiledPatch): boolean =>
    matchesListener(patch, identity) && matchesFilterChain(patch, chain);
  for (const patch of patchesFor(run, 'FILTER_CHAIN')) {
    if (!matches(patch)) continue;
    if (patch.patch.operation === 'REMOVE') {
      run.applied.add(patch);
      return false;
    }
    if (isMerge(patch) && !mergeTransportSocket(chain, patch, run)) mergeInto(FilterChainSchema, chain, patch, run);
  }
  for (const patch of patchesFor(run, 'NETWORK_FILTER')) {
    if (!matches(patch)) continue;
    const changed = changeList(chain.filters, patch.patch.operation, networkFilterOf(patch), () =>
      valueFor(FilterSchema, patch),
    );
    if (changed === undefined) continue;
    chain.filters = [...changed];
    run.applied.add(patch);
  }
  for (const filter of chain.filters) patchNetworkFilter(filter, matches, run);
  return true;
}

/** True where both have a socket of the same name: then their configurations are merged, and nothing else of the patch is. */
function mergeTransportSocket(chain: FilterChain, patch: CompiledPatch, run: PatchRun): boolean {
  const source = (patch.value as FilterChain).transportSocket;
  const target = chain.transportSocket;
  if (source === undefined || target === undefined || source.name !== target.name) return false;
  if (target.configType.case !== 'typedConfig' || source.configType.case !== 'typedConfig') return true;
  const merged = mergeAny(target.configType.value, patch, source.configType.value, run);
  if (merged === undefined) return true;
  target.configType = { case: 'typedConfig', value: merged };
  run.applied.add(patch);
  return true;
}

const managerName = 'envoy.filters.network.http_connection_manager';

function patchNetworkFilter(filter: Filter, matchesChain: (patch: CompiledPatch) => boolean, run: PatchRun): void {
  const isFor = (patch: CompiledPatch): boolean => matchesChain(patch) && (networkFilterOf(patch)?.(filter) ?? true);
  for (const patch of patchesFor(run, 'NETWORK_FILTER')) if (isFor(patch)) mergeFilter(filter, patch, run);
  if (filter.name === managerName) patchHttpFilters(filter, isFor, run);
}

function patchHttpFilters(filter: Filter, isFor: (patch: CompiledPatch) => boolean, run: PatchRun): void {
  const patches = patchesFor(run, 'HTTP_FILTER').filter(isFor);
  if (patches.length === 0 || filter.configType.case !== 'typedConfig') return;
  const manager = anyUnpack(filter.configType.value, HttpConnectionManagerSchema);
  if (manager === undefined) return;
  for (const patch of patches) {
    const changed = changeList(manager.httpFilters, patch.patch.operation, httpFilterOf(patch), () =>
      valueFor(HttpFilterSchema, patch),
    );
    if (changed === undefined) continue;
    manager.httpFilters = [...changed];
    run.applied.add(patch);
  }
  for (const httpFilter of manager.httpFilters)
    for (const patch of patches) if (httpFilterOf(patch)?.(httpFilter) ?? true) mergeFilter(httpFilter, patch, run);
  filter.configType = { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) };
}
