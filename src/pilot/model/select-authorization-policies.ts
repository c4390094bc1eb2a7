// The AuthorizationPolicies of a class of gateways: those of the root namespace and of its own, whose selector finds it.
import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import type { AttributeMatch, AuthorizationRule } from '../resources/authorization-policy.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { isPolicyFor } from './is-policy-for.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { ProxyClass } from './proxy-class.ts';
import { report } from './report.ts';
import { withTrustDomains } from './trust-domains.ts';

type Policy = Resource<'AuthorizationPolicy'>;

export interface AuthorizationPolicy {
  readonly ref: ResourceRef;
  readonly rules: readonly AuthorizationRule[];
  /** Judged and written down, and never in force. */
  readonly isDryRun: boolean;
}

export interface SelectedPolicies {
  /** In order of precedence. */
  readonly custom: readonly Policy[];
  /** What one of their rules matches is marked for the access log. */
  readonly audit: readonly AuthorizationPolicy[];
  /** What one of their rules matches is denied. */
  readonly deny: readonly AuthorizationPolicy[];
  /** As soon as there is one, only what one of their rules matches is allowed. */
  readonly allow: readonly AuthorizationPolicy[];
}

const dryRunAnnotation = 'istio.io/dry-run';

/** As Go's strconv.ParseBool; undefined for what is neither. */
function parseBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
}

const annotationOf = ({ metadata }: Policy): string | undefined =>
  Object.hasOwn(metadata.annotations, dryRunAnnotation) ? metadata.annotations[dryRunAnnotation] : undefined;

const isDryRun = (policy: Policy): boolean => parseBoolean(annotationOf(policy) ?? 'false') === true;

/** A service account without a namespace is one of the policy's; who is of the mesh is so by all of its trust domains. */
function meant(match: AttributeMatch, { metadata }: Policy, trustDomains: readonly string[]): AttributeMatch {
  if (match.attribute !== 'source.serviceAccount') return withTrustDomains(match, trustDomains);
  const withNamespace = (name: string): string => (name.includes('/') ? name : `${metadata.namespace}/${name}`);
  return { ...match, values: match.values.map(withNamespace), notValues: match.notValues.map(withNamespace) };
}

export const policyOf = (
  policy: Policy,
  { trustDomains }: Pick<MeshSettings, 'trustDomains'>,
): AuthorizationPolicy => ({
  ref: resourceRef(policy),
  rules: policy.spec.rules.map((rule) => ({
    ...rule,
    from: rule.from.map((source) => source.map((match) => meant(match, policy, trustDomains))),
    when: rule.when.map((match) => meant(match, policy, trustDomains)),
  })),
  isDryRun: isDryRun(policy),
});

export function selectAuthorizationPolicies(
  policies: readonly Policy[],
  mesh: Pick<MeshSettings, 'rootNamespace' | 'trustDomains'>,
  proxy: Pick<ProxyClass, 'namespace' | 'labels'>,
): SelectedPolicies {
  const own = policies.filter((policy) => isPolicyFor(policy, mesh, proxy));
  const withAction = (action: Policy['spec']['action']): readonly Policy[] =>
    own.filter(({ spec }) => spec.action === action);
  const inForce = (action: Policy['spec']['action']) => withAction(action).map((policy) => policyOf(policy, mesh));
  return {
    // Nobody is asked for practice: a dry run of it does nothing.
    custom: withAction('CUSTOM').filter((policy) => !isDryRun(policy)),
    audit: inForce('AUDIT'),
    deny: inForce('DENY'),
    allow: inForce('ALLOW'),
  };
}

/** What is wrong with the annotation. */
export function checkDryRun(policy: Policy): readonly Diagnostic[] {
  const text = annotationOf(policy);
  if (text === undefined) return [];
  const path = ['metadata', 'annotations', dryRunAnnotation];
  const value = parseBoolean(text);
  if (value === undefined)
    return [
      report(policy, {
        severity: 'error',
        code: 'IST0106',
        path,
        message: `${dryRunAnnotation} is ${JSON.stringify(text.slice(0, 64))}, neither true nor false. The policy is in force.`,
        remedy: 'Write "true" or "false".',
      }),
    ];
  if (!value || policy.spec.action !== 'CUSTOM') return [];
  return [
    report(policy, {
      severity: 'warning',
      code: 'TG0008',
      path,
      message: 'A dry run of action CUSTOM asks nobody. The policy does nothing.',
      remedy: 'Remove the annotation to have its provider asked.',
    }),
  ];
}
