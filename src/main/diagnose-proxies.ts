// Problems that show only once proxies are connected: what they reject, and Gateways that none of them serves.
import type { Diagnostic } from '../lib/diagnostic.ts';
import type { ProxyRejections } from '../pilot/ads/create-ads.ts';
import type { Model } from '../pilot/model/model.ts';
import { type ProxyClass, selectorMatches } from '../pilot/model/proxy-class.ts';
import { shortNames } from '../xds/type-urls.ts';

/** Envoy refuses a listener whose address it cannot bind. */
const isBindFailure = (error: string): boolean =>
  error
    .trim()
    .split('\n')
    .every((line) => line.includes('cannot bind'));

/** Without those that a gateway in this process names itself, with the port and what to do (TG0019, TG0020, TG0024). */
export function withoutBindFailures(rejections: readonly ProxyRejections[]): readonly ProxyRejections[] {
  return rejections.filter(({ error }) => !isBindFailure(error));
}

/** One for each object behind what a proxy rejects; one without an object where none is known. */
export function diagnoseRejections(rejections: readonly ProxyRejections[]): readonly Diagnostic[] {
  return rejections.flatMap(({ node, typeUrl, error, owners }) => {
    const diagnostic: Diagnostic = {
      severity: 'error',
      code: 'TG0021',
      message: `${node.name} rejected its ${shortNames[typeUrl]} configuration and keeps what it had before: ${error}.`,
      remedy: 'Change the object so that the data plane accepts it; if it should, this is a defect of Tidegate.',
    };
    return owners.length === 0 ? [diagnostic] : owners.map((resource) => ({ ...diagnostic, resource }));
  });
}

const formatLabels = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** Silent while nobody is connected: then it would be said of every Gateway at each start. */
export function diagnoseSelectors(model: Model, classes: readonly ProxyClass[]): readonly Diagnostic[] {
  if (classes.length === 0) return [];
  return model.gateways
    .filter(({ selector }) => !classes.some(({ labels }) => selectorMatches(selector, labels)))
    .map(({ ref, selector, resource }) => ({
      severity: 'warning',
      code: 'TG0010',
      resource: ref,
      path: 'spec.selector',
      ...resource.origin.locate(['spec', 'selector']),
      message: `no connected gateway has the labels ${formatLabels(selector)}, so nothing of this Gateway is served.`,
      remedy: `Start a gateway with --labels ${formatLabels(selector)}, or change the selector: ${classes.map(({ labels }) => formatLabels(labels)).join(' or ')} is connected.`,
    }));
}
