// EXTENSION_CONFIG: what filters would fetch by name (ECDS) is put in their place, so that they travel with their listener.
import { type Any, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ExtensionConfigSource } from '../../xds/generated/envoy/config/core/v3/config_source_pb.ts';
import type { TypedExtensionConfig } from '../../xds/generated/envoy/config/core/v3/extension_pb.ts';
import type { Listener } from '../../xds/generated/envoy/config/listener/v3/listener_pb.ts';
import { HttpConnectionManagerSchema } from '../../xds/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { CompiledPatch } from './compile-patches.ts';
import { typeOfAny } from './extension-type.ts';
import { type PatchRun, patchesFor } from './patch-run.ts';

interface Discovered {
  readonly name: string;
  configType:
    | { readonly case: 'configDiscovery'; readonly value: ExtensionConfigSource }
    | { readonly case: 'typedConfig'; readonly value: Any }
    | { readonly case: undefined; readonly value?: undefined };
}

/** Changes the listener. What nobody gives is left as it is, and found when the listener is checked. */
export function inlineExtensions(listener: Listener, run: PatchRun): void {
  const given = new Map<string, CompiledPatch>();
  for (const patch of patchesFor(run, 'EXTENSION_CONFIG')) given.set((patch.value as TypedExtensionConfig).name, patch);
  const chains = [...listener.filterChains, ...(listener.defaultFilterChain ? [listener.defaultFilterChain] : [])];
  for (const filter of [...listener.listenerFilters, ...chains.flatMap(({ filters }) => filters)]) {
    inline(filter as Discovered, given, run);
    if (filter.configType.case !== 'typedConfig') continue;
    const manager = anyUnpack(filter.configType.value, HttpConnectionManagerSchema);
    if (manager === undefined) continue;
    const inlined = manager.httpFilters.filter((one) => inline(one as Discovered, given, run));
    if (inlined.length > 0)
      (filter as Discovered).configType = { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) };
  }
}

const afterSlash = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1);

/** True where it is done. */
function inline(filter: Discovered, given: ReadonlyMap<string, CompiledPatch>, run: PatchRun): boolean {
  if (filter.configType.case !== 'configDiscovery') return false;
  const { defaultConfig, typeUrls } = filter.configType.value;
  const patch = given.get(filter.name);
  const config = patch ? (patch.value as TypedExtensionConfig).typedConfig : defaultConfig;
  if (config === undefined) return false;
  if (patch && !typeUrls.some((typeUrl) => afterSlash(typeUrl) === typeOfAny(config))) {
    run.problems.set(patch, `filter ${filter.name} is of another type: ${typeUrls.join(', ')}`);
    return false;
  }
  filter.configType = { case: 'typedConfig', value: config };
  if (patch) run.applied.add(patch);
  return true;
}
