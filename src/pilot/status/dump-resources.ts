// What pilot intends a proxy to have, in the same form in which data planes dump what they have.

import type { ResourceSet, XdsResource } from '../../xds/resource.ts';
import { resourceToJson } from '../../xds/resource-json.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';

export interface DumpedResource {
  readonly name: string;
  readonly version: string;
  /** Protobuf JSON; private keys are `[redacted]`. */
  readonly resource: unknown;
}

export type ConfigDump = Readonly<Record<'CDS' | 'EDS' | 'LDS' | 'RDS' | 'SDS', readonly DumpedResource[]>>;

function dumpResource({ typeUrl, name, version, bytes }: XdsResource): DumpedResource {
  try {
    return { name, version, resource: resourceToJson(typeUrl, bytes) };
  } catch (thrown) {
    // A message newer than our types still is a resource that the proxy has.
    return { name, version, resource: { name, notShown: thrown instanceof Error ? thrown.message : String(thrown) } };
  }
}

/** Sorted by name. */
export function dumpResources(resources: ResourceSet): ConfigDump {
  const dump = (typeUrl: TypeUrl): readonly DumpedResource[] =>
    [...(resources.get(typeUrl)?.values() ?? [])].map(dumpResource).sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    CDS: dump(typeUrls.cluster),
    EDS: dump(typeUrls.endpoint),
    LDS: dump(typeUrls.listener),
    RDS: dump(typeUrls.route),
    SDS: dump(typeUrls.secret),
  };
}
