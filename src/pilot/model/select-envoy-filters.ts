// The patches that count at a class of gateways, in the order in which they are applied.
import { RE2JS } from 're2js';
import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import type { ConfigPatch, ProxyMatch } from '../resources/envoy-filter.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { checkRegex } from './check-regex.ts';
import { isPolicyFor } from './is-policy-for.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { type ProxyClass, selectorMatches } from './proxy-class.ts';
import { invalidRegex, report } from './report.ts';

export interface EnvoyPatch {
  readonly ref: ResourceRef;
  readonly filter: Resource<'EnvoyFilter'>;
  readonly patch: ConfigPatch;
}

export interface EnvoyPatches {
  readonly patches: readonly EnvoyPatch[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Each may be for everything that a gateway has: the work is their number times that. */
const maxPatches = 2000;

/** The release whose behavior our gateways have, for those that tell none in their metadata. */
const istioVersion = '1.32.0';

/** `all` is in order of precedence, which decides between equal priorities of one namespace. */
export function selectEnvoyFilters(
  all: readonly Resource<'EnvoyFilter'>[],
  mesh: Pick<MeshSettings, 'rootNamespace'>,
  proxy: ProxyClass,
): EnvoyPatches {
  const own = all.filter((filter) => isPolicyFor(filter, mesh, proxy));
  const isOwn = ({ metadata }: Resource): number => (metadata.namespace === mesh.rootNamespace ? 0 : 1);
  const ordered = own.toSorted((a, b) => a.spec.priority - b.spec.priority || isOwn(a) - isOwn(b));
  const patches = ordered.flatMap(envoyPatchesOf);
  const meant = patches.filter(({ patch }) => isForProxy(patch.proxy, proxy));
  return {
    patches: meant.slice(0, maxPatches),
    diagnostics: [
      ...patches.flatMap(({ filter, patch }) => checkProxyMatch(filter, patch)),
      ...meant.slice(maxPatches, maxPatches + 1).map(({ filter, patch }) =>
        report(filter, {
          severity: 'error',
          code: 'TG0005',
          path: ['spec', 'configPatches', patch.index],
          message: `More than ${maxPatches} patches are for one gateway: this one and the ${meant.length - maxPatches - 1} after it are left out.`,
          remedy: 'Do in one patch what many do.',
        }),
      ),
    ],
  };
}

export function envoyPatchesOf(filter: Resource<'EnvoyFilter'>): readonly EnvoyPatch[] {
  const ref = resourceRef(filter);
  return filter.spec.patches.map((patch) => ({ ref, filter, patch }));
}

const metadataOf = ({ namespace, metadata }: ProxyClass): Readonly<Record<string, string>> => ({
  ISTIO_VERSION: istioVersion,
  NAMESPACE: namespace,
  ...metadata,
});

function isForProxy({ proxyVersion, metadata }: ProxyMatch, proxy: ProxyClass): boolean {
  const known = metadataOf(proxy);
  return isVersion(proxyVersion, known.ISTIO_VERSION ?? '') && selectorMatches(metadata, known);
}

/** What cannot be used is no version's. */
function isVersion(regex: string | undefined, version: string): boolean {
  if (regex === undefined) return true;
  return checkRegex(regex) === undefined && RE2JS.compile(regex).matcher(version).find();
}

function checkProxyMatch(filter: Resource<'EnvoyFilter'>, { index, proxy }: ConfigPatch): readonly Diagnostic[] {
  const { proxyVersion } = proxy;
  const problem = proxyVersion === undefined ? undefined : checkRegex(proxyVersion);
  if (proxyVersion === undefined || problem === undefined) return [];
  const path = ['spec', 'configPatches', index, 'match', 'proxy', 'proxyVersion'];
  return [report(filter, invalidRegex(proxyVersion, path, problem, 'The patch is for no gateway.'))];
}
