// The engine's answer to "what do you really have?": everything held, in the form in which pilot prints what it intends.
import { resourceToJson } from '../../../xds/resource-json.ts';
import { type TypeUrl, typeUrls } from '../../../xds/type-urls.ts';
import type { ConfigDump, DumpedResource } from '../../data-plane.ts';
import type { ConfigStore } from './config-store.ts';

/** Sorted by name; private keys are `[redacted]`. */
export function dumpConfig(store: Pick<ConfigStore, 'held'>): ConfigDump {
  const dump = (typeUrl: TypeUrl): readonly DumpedResource[] =>
    [...store.held(typeUrl).values()]
      .map(({ name, version, bytes }) => ({ name, version, resource: showResource(typeUrl, name, bytes) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    CDS: dump(typeUrls.cluster),
    EDS: dump(typeUrls.endpoint),
    LDS: dump(typeUrls.listener),
    RDS: dump(typeUrls.route),
    SDS: dump(typeUrls.secret),
  };
}

/** What holds an extension of a type unknown here cannot be printed, but is there all the same. */
function showResource(typeUrl: TypeUrl, name: string, bytes: Uint8Array): unknown {
  try {
    return resourceToJson(typeUrl, bytes);
  } catch (thrown) {
    return { name, notShown: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
