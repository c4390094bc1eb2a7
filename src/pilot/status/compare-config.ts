// The comparison of proxy-status PROXY: what pilot intends against what the data plane really has, resource by resource.
import { parseFileSecretName } from '../../xds/resource-names.ts';
import { diffLines } from './diff-lines.ts';
import type { ConfigDump, DumpedResource } from './dump-resources.ts';
import { normalizeEndpoints } from './normalize-endpoints.ts';
import { sortKeys } from './sort-keys.ts';

export type ComparedType = keyof ConfigDump;

export interface TypeComparison {
  readonly type: ComparedType;
  /** `Clusters`, `Listeners`, … */
  readonly title: string;
  readonly match: boolean;
  /** Unified-style lines, one block per resource that differs; `-` is what pilot intends, `+` what the proxy has. Empty on a match. */
  readonly difference: readonly string[];
}

const titles: Readonly<Record<ComparedType, string>> = {
  CDS: 'Clusters',
  LDS: 'Listeners',
  RDS: 'Routes',
  EDS: 'Endpoints',
  SDS: 'Secrets',
};
const order: readonly ComparedType[] = ['CDS', 'LDS', 'RDS', 'EDS', 'SDS'];

function toLines(type: ComparedType, dumped: DumpedResource | undefined): readonly string[] {
  if (dumped === undefined) return [];
  const resource = type === 'EDS' ? normalizeEndpoints(dumped.resource) : dumped.resource;
  return JSON.stringify(sortKeys(resource), undefined, 2).split('\n');
}

function compareType(
  type: ComparedType,
  intended: readonly DumpedResource[],
  actual: readonly DumpedResource[],
): TypeComparison {
  const wanted = new Map(intended.map((resource) => [resource.name, resource]));
  // Certificates of mounted files are the gateway's own: pilot knows only their names.
  const present = new Map(
    actual
      .filter(({ name }) => type !== 'SDS' || !parseFileSecretName(name))
      .map((resource) => [resource.name, resource]),
  );
  const names = [...new Set([...wanted.keys(), ...present.keys()])].sort();
  const difference = names.flatMap((name) => {
    const lines = diffLines(toLines(type, wanted.get(name)), toLines(type, present.get(name)));
    if (lines.length === 0) return [];
    const source = wanted.has(name) ? `pilot/${name}` : '/dev/null';
    const target = present.has(name) ? `proxy/${name}` : '/dev/null';
    return [`--- ${source}`, `+++ ${target}`, ...lines];
  });
  return { type, title: titles[type], match: difference.length === 0, difference };
}

/** Both in the one JSON form of xds/resource-json. A type that the data plane cannot dump is given as undefined and left out. */
export function compareConfig(
  intended: ConfigDump,
  actual: Readonly<Partial<Record<ComparedType, readonly DumpedResource[] | undefined>>>,
): readonly TypeComparison[] {
  return order.flatMap((type) => {
    const present = actual[type];
    return present === undefined ? [] : [compareType(type, intended[type], present)];
  });
}
