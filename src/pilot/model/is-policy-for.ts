// Whom a policy is for: the gateways of its namespace, or of all where it stands in the root namespace, that its selector selects.
import type { MeshSettings } from './mesh-settings.ts';
import { type ProxyClass, selectorMatches } from './proxy-class.ts';

interface Policy {
  readonly metadata: { readonly namespace: string };
  readonly spec: { readonly selector: Readonly<Record<string, string>>; readonly isForOthers?: boolean };
}

export const isPolicyFor = (
  { metadata, spec }: Policy,
  { rootNamespace }: Pick<MeshSettings, 'rootNamespace'>,
  proxy: Pick<ProxyClass, 'namespace' | 'labels'>,
): boolean =>
  spec.isForOthers !== true &&
  [rootNamespace, proxy.namespace].includes(metadata.namespace) &&
  selectorMatches(spec.selector, proxy.labels);
