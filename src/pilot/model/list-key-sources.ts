// Which keys have to be fetched, for the RequestAuthentications of these classes of gateways.
import type { Resource } from '../resources/resource.ts';
import { isPolicyFor } from './is-policy-for.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { ProxyClass } from './proxy-class.ts';
import { keySourceName } from './select-request-authentications.ts';

export interface KeySource {
  /** Names it: two that are equal are fetched once. */
  readonly name: string;
  readonly issuer: string;
  /** Undefined: OpenID Connect Discovery at the issuer. */
  readonly jwksUri: string | undefined;
  readonly timeoutMs: number;
}

/** As Istio's. */
const defaultTimeoutMs = 5000;
const maxTimeoutMs = 60_000;

export function listKeySources(
  all: readonly Resource<'RequestAuthentication'>[],
  mesh: Pick<MeshSettings, 'rootNamespace'>,
  classes: readonly ProxyClass[],
): readonly KeySource[] {
  const rules = all
    .filter((resource) => classes.some((proxyClass) => isPolicyFor(resource, mesh, proxyClass)))
    .flatMap(({ spec }) => spec.rules);
  const sources = new Map<string, KeySource>();
  for (const rule of rules) {
    const name = keySourceName(rule);
    if (name === undefined) continue;
    const timeoutMs = Math.min(rule.timeoutMs || defaultTimeoutMs, maxTimeoutMs);
    const known = sources.get(name);
    // Of several the most patient.
    if (known === undefined || known.timeoutMs < timeoutMs)
      sources.set(name, { name, issuer: rule.issuer, jwksUri: rule.jwksUri, timeoutMs });
  }
  return [...sources.values()];
}
