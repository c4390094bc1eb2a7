// The door of this folder: what a class of proxies gets, patches included, and what is to be said of them.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { ResourceSet } from '../../xds/resource.ts';
import { type TypeUrl, typeUrls } from '../../xds/type-urls.ts';
import { buildProxyView } from '../model/build-proxy-view.ts';
import type { Model } from '../model/model.ts';
import type { ProxyClass } from '../model/proxy-class.ts';
import type { EnvoyPatch, ProxyView } from '../model/proxy-view.ts';
import { mergeDiagnostics } from '../model/report.ts';
import { envoyPatchesOf } from '../model/select-envoy-filters.ts';
import { translate } from '../translate/translate.ts';
import { compilePatch } from './compile-patches.ts';
import type { Refusal } from './patch-run.ts';
import { type PatchedSet, patchSet } from './patch-set.ts';
import { reportElsewhere } from './report-elsewhere.ts';
import { reportPatch } from './report-patch.ts';

/** Equal classes of one model share a view, and so one result. */
const results = new WeakMap<ProxyView, PatchedSet>();

function build(model: Model, proxyClass: ProxyClass): PatchedSet {
  const view = buildProxyView(model, proxyClass);
  const result = results.get(view) ?? patchSet(view, translate(model, proxyClass));
  results.set(view, result);
  return result;
}

export const buildResources = (model: Model, proxyClass: ProxyClass): ResourceSet => build(model, proxyClass).resources;

/** `classes`: those that are there. A patch that fits one of them is fine, though it fits no other. */
export function diagnosePatches(model: Model, classes: readonly ProxyClass[]): readonly Diagnostic[] {
  if (model.envoyFilters.length === 0) return [];
  const built = classes.map((proxyClass) => build(model, proxyClass));
  const refusals = built.flatMap((result) => result.refusals);
  const done = new Set([...built.flatMap(({ applied }) => [...applied]), ...refusals.map(({ patch }) => patch.patch)]);
  const meant = classes.flatMap((proxyClass) => buildProxyView(model, proxyClass).envoyPatches);
  return mergeDiagnostics(
    model.envoyFilters.flatMap(envoyPatchesOf).flatMap((patch) => compilePatch(patch).diagnostics),
    model.envoyFilters.flatMap((filter) => reportElsewhere(filter, model.mesh, classes)),
    reportRefusals(refusals),
    meant
      .filter((patch) => !done.has(patch.patch) && compilePatch(patch).compiled !== undefined)
      .map((patch) => reportIdle(patch, built)),
  );
}

/** A patch that spoils every cluster is told once. */
function reportRefusals(refusals: readonly Refusal[]): readonly Diagnostic[] {
  return [...Map.groupBy(refusals, ({ patch }) => patch.patch).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const more = new Set(same.map(({ resource }) => resource)).size - 1;
    const others = more === 0 ? 'It is left out there.' : `It is left out there, and from ${more} more.`;
    return reportPatch(first.patch, {
      severity: 'error',
      code: 'TG0035',
      path: [],
      message: `The patch would make ${first.resource || 'a resource'} one that Envoy refuses: ${first.reason}. ${others}`,
      remedy: "Change it so that the result is valid by Envoy's API reference.",
    });
  });
}

const typeOf: Readonly<Record<EnvoyPatch['patch']['applyTo'], TypeUrl | undefined>> = {
  LISTENER: typeUrls.listener,
  FILTER_CHAIN: typeUrls.listener,
  NETWORK_FILTER: typeUrls.listener,
  HTTP_FILTER: typeUrls.listener,
  LISTENER_FILTER: typeUrls.listener,
  ROUTE_CONFIGURATION: typeUrls.route,
  VIRTUAL_HOST: typeUrls.route,
  HTTP_ROUTE: typeUrls.route,
  CLUSTER: undefined,
  EXTENSION_CONFIG: undefined,
};

function reportIdle(patch: EnvoyPatch, built: readonly PatchedSet[]): Diagnostic {
  const { applyTo, operation } = patch.patch;
  const typeUrl = typeOf[applyTo];
  const names = typeUrl ? built.flatMap(({ resources }) => [...(resources.get(typeUrl)?.keys() ?? [])]) : [];
  const there = [...new Set(names)].sort().slice(0, 8);
  const what =
    applyTo === 'EXTENSION_CONFIG'
      ? 'No filter asks for this configuration.'
      : operation === 'REMOVE'
        ? `There is no ${applyTo} that it would remove.`
        : `There is no ${applyTo} that it is for.`;
  return reportPatch(patch, {
    severity: 'warning',
    code: 'TG0036',
    path: [],
    message: `${what} The patch has no effect.`,
    remedy:
      there.length === 0
        ? 'Compare match with what `tidegate config` shows.'
        : `Compare match with what is there: ${there.join(', ')}.`,
  });
}
