// EnvoyFilters that select gateways by their labels, and are in a namespace from which they do not reach them.
import type { Diagnostic } from '../../lib/diagnostic.ts';
import type { Model } from '../model/model.ts';
import { type ProxyClass, selectorMatches } from '../model/proxy-class.ts';
import { report } from '../model/report.ts';

type EnvoyFilter = Model['envoyFilters'][number];

/** Without labels it may be for sidecars, and nothing is said. */
export function reportElsewhere(
  filter: EnvoyFilter,
  { rootNamespace }: Model['mesh'],
  classes: readonly ProxyClass[],
): readonly Diagnostic[] {
  const { spec, metadata } = filter;
  if (spec.patches.length === 0 || spec.isForOthers || Object.keys(spec.selector).length === 0) return [];
  const meant = classes.filter(({ labels }) => selectorMatches(spec.selector, labels));
  const namespaces = [...new Set(meant.map(({ namespace }) => namespace))].sort();
  if (namespaces.length === 0 || [rootNamespace, ...namespaces].includes(metadata.namespace)) return [];
  return [
    report(filter, {
      severity: 'warning',
      code: 'TG0036',
      path: ['metadata', 'namespace'],
      message: `It is for gateways of namespace ${metadata.namespace} only, and those with the labels that it selects are in ${namespaces.join(', ')}: none of its patches has an effect.`,
      remedy: `Move it to ${[...new Set([...namespaces, rootNamespace])].filter(Boolean).join(' or ')}.`,
    }),
  ];
}
