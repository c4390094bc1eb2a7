// DestinationRules → by namespace and host, those of one host merged: what says how a cluster reaches its endpoints.
import { type Diagnostic, formatResourceRef, type ResourceRef } from '../../lib/diagnostic.ts';
import type { PortTrafficPolicy, Subset, TrafficPolicy } from '../resources/destination-rule.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { parseCredentialName } from './credential-names.ts';
import { type ExportTo, exportedTo } from './export-to.ts';
import { resolveShortName } from './host-names.ts';
import { type Finding, report } from './report.ts';
import { sameList } from './same-list.ts';

type Rule = Resource<'DestinationRule'>;

/** One rule, or several of a namespace about the same host, for the same gateways. */
export interface ModelDestinationRule {
  readonly namespace: string;
  /** Short name resolved. */
  readonly host: string;
  /** The first is the one that Istio names the cluster's configuration after. */
  readonly sources: readonly ResourceRef[];
  readonly trafficPolicy: TrafficPolicy | undefined;
  readonly subsets: readonly Subset[];
  readonly exportTo: ExportTo;
  readonly workloadSelector: Readonly<Record<string, string>> | undefined;
  readonly resources: readonly Rule[];
}

/** By namespace, then host; those of one host in order of precedence. */
export type DestinationRules = ReadonlyMap<string, ReadonlyMap<string, readonly ModelDestinationRule[]>>;

export interface DestinationRulesResult {
  readonly destinationRules: DestinationRules;
  readonly diagnostics: readonly Diagnostic[];
}

const selectorKey = ({ spec }: Rule): string =>
  spec.workloadSelector === undefined ? '' : JSON.stringify(Object.entries(spec.workloadSelector).sort());

const groupKey = (rule: Rule): string => `${selectorKey(rule)} ${[...rule.spec.exportTo].sort().join()}`;

function merge(
  host: string,
  resources: readonly Rule[],
  defaultExportTo: readonly string[],
): ModelDestinationRule | undefined {
  const [first] = resources;
  if (first === undefined) return undefined;
  const subsets = new Map<string, Subset>();
  for (const { spec } of resources)
    for (const subset of spec.subsets) if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
  const { namespace } = first.metadata;
  return {
    namespace,
    host,
    sources: resources.map(resourceRef),
    trafficPolicy: resources.find(({ spec }) => spec.trafficPolicy !== undefined)?.spec.trafficPolicy,
    subsets: [...subsets.values()],
    exportTo: exportedTo(first.spec.exportTo, defaultExportTo, namespace),
    workloadSelector: first.spec.workloadSelector,
    resources,
  };
}

/** What later rules of a host say and earlier ones said before. */
function findOverridden(resources: readonly Rule[]): readonly Diagnostic[] {
  const subsetOwners = new Map<string, Rule>();
  let policyOwner: Rule | undefined;
  return resources.flatMap((rule) => {
    const findings: Finding[] = [];
    for (const subset of rule.spec.subsets) {
      const owner = subsetOwners.get(subset.name);
      if (owner === undefined) subsetOwners.set(subset.name, rule);
      else findings.push(overridden(['spec', 'subsets', subset.index], `the subset ${subset.name}`, owner));
    }
    if (rule.spec.trafficPolicy !== undefined) {
      if (policyOwner === undefined) policyOwner = rule;
      else findings.push(overridden(['spec', 'trafficPolicy'], 'the traffic policy', policyOwner));
    }
    return findings.map((finding) => report(rule, finding));
  });
}

const overridden = (path: Finding['path'], what: string, owner: Rule): Finding => ({
  severity: 'warning',
  code: 'TG0027',
  path,
  message: `${formatResourceRef(resourceRef(owner))} is about the same host, comes first and has ${what} too: this one has no effect.`,
  remedy: 'Write one DestinationRule for a host, or keep this part in one of them only.',
});

const policiesOf = ({ trafficPolicy, subsets }: ModelDestinationRule): readonly PortTrafficPolicy[] =>
  [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)].flatMap((policy) =>
    policy === undefined ? [] : [policy, ...policy.portLevelSettings],
  );

/** Names of the Secrets that rules name, without namespaces. */
export function credentialNames(rules: DestinationRules): readonly string[] {
  const merged = [...rules.values()].flatMap((byHost) => [...byHost.values()].flat());
  return merged.flatMap(policiesOf).flatMap(({ tls }) => {
    const written = tls !== undefined && 'credentialName' in tls ? tls.credentialName : undefined;
    return written === undefined ? [] : (parseCredentialName(written)?.name ?? []);
  });
}

/** `rules` in order of precedence. What is merged of the same objects as before keeps its identity. */
export function buildDestinationRules(
  previous: DestinationRules | undefined,
  rules: readonly Rule[],
  defaultExportTo: readonly string[] = [],
): DestinationRulesResult {
  const diagnostics: Diagnostic[] = [];
  const byNamespace = new Map<string, Map<string, readonly ModelDestinationRule[]>>();
  for (const [namespace, ofNamespace] of Map.groupBy(rules, ({ metadata }) => metadata.namespace)) {
    const byHost = new Map<string, readonly ModelDestinationRule[]>();
    byNamespace.set(namespace, byHost);
    for (const [host, ofHost] of Map.groupBy(ofNamespace, ({ spec }) => resolveShortName(spec.host, namespace))) {
      const before = previous?.get(namespace)?.get(host) ?? [];
      const forAll = ofHost.filter(({ spec }) => spec.workloadSelector === undefined);
      const merged = [...Map.groupBy(ofHost, groupKey).values()].flatMap((group) => {
        diagnostics.push(...findOverridden(group));
        // Some gateways' own rules come first, the others still count there.
        const resources = group[0]?.spec.workloadSelector === undefined ? group : [...group, ...forAll];
        return (
          before.find((known) => sameList(known.resources, resources)) ?? merge(host, resources, defaultExportTo) ?? []
        );
      });
      byHost.set(host, merged);
    }
  }
  return { destinationRules: byNamespace, diagnostics };
}
