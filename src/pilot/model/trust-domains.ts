// Whom conditions of AuthorizationPolicies mean where the mesh has a trust domain of its own, or several.
import type { AttributeMatch } from '../resources/authorization-policy.ts';
import { defaultTrustDomain } from './mesh-settings.ts';

const isPrefixed = (text: string, pattern: string): boolean =>
  pattern.endsWith('*') && text.startsWith(pattern.slice(0, -1));
const isSuffixed = (text: string, pattern: string): boolean =>
  pattern.startsWith('*') && text.endsWith(pattern.slice(1));

/** Parts of `trust.domain/ns/namespace/sa/account`; undefined where none of them is a certain trust domain. */
function identityParts(principal: string): readonly [domain: string, rest: string] | undefined {
  const [domain = '', ...rest] = principal.split('/');
  return rest.length === 4 && domain !== '*' ? [domain, rest.join('/')] : undefined;
}

/** Istio's ReplaceTrustDomainAliases: of the mesh's own principals one for each trust domain; others as they are. */
function expandPrincipal(principal: string, trustDomains: readonly string[]): readonly string[] {
  const parts = identityParts(principal);
  if (parts === undefined) return [principal];
  const [domain, rest] = parts;
  const isOwn =
    domain === defaultTrustDomain ||
    trustDomains.some((own) => own === domain || isPrefixed(own, domain) || isSuffixed(own, domain));
  if (!isOwn) return [principal];
  // One that `*local` finds anyway is left to it.
  return trustDomains.map((own) => (isSuffixed(own, domain) ? principal : `${own}/${rest}`));
}

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];

/** The condition as the mesh means it; conditions on other attributes are given back. */
export function withTrustDomains(match: AttributeMatch, trustDomains: readonly string[]): AttributeMatch {
  const expand = expanders[match.attribute];
  if (expand === undefined) return match;
  const all = (values: readonly string[]) => unique(values.flatMap((value) => expand(value, trustDomains)));
  return { ...match, values: all(match.values), notValues: all(match.notValues) };
}

const expanders: Readonly<Record<string, typeof expandPrincipal>> = {
  'source.principal': expandPrincipal,
  'source.trustDomain': (value, trustDomains) => (trustDomains.includes(value) ? trustDomains : [value]),
};
