// The AuthorizationPolicies of a class of gateways: those of the root namespace and of its own, whose selector finds it.
import type { ResourceRef } from '../../lib/diagnostic.ts';
import type { AuthorizationRule } from '../resources/authorization-policy.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { rootNamespace } from './mesh-settings.ts';
import { type ProxyClass, selectorMatches } from './proxy-class.ts';

type Policy = Resource<'AuthorizationPolicy'>;

export interface AuthorizationPolicy {
  readonly ref: ResourceRef;
  readonly rules: readonly AuthorizationRule[];
}

export interface Authorization {
  /** In order of precedence; what one of their rules matches is denied. */
  readonly deny: readonly AuthorizationPolicy[];
  /** As soon as there is one, only what one of their rules matches is allowed. */
  readonly allow: readonly AuthorizationPolicy[];
}

const dryRunAnnotation = 'istio.io/dry-run';

const decides = ({ spec, metadata }: Policy): boolean =>
  !spec.isForOthers && spec.action !== 'AUDIT' && metadata.annotations[dryRunAnnotation] !== 'true';

export function selectAuthorizationPolicies(
  policies: readonly Policy[],
  proxy: Pick<ProxyClass, 'namespace' | 'labels'>,
): Authorization {
  const own = policies.filter(
    (policy) =>
      decides(policy) &&
      [rootNamespace, proxy.namespace].includes(policy.metadata.namespace) &&
      selectorMatches(policy.spec.selector, proxy.labels),
  );
  const withAction = (...actions: readonly Policy['spec']['action'][]): readonly AuthorizationPolicy[] =>
    own
      .filter(({ spec }) => actions.includes(spec.action))
      .map((policy) => ({ ref: resourceRef(policy), rules: policy.spec.rules }));
  return {
    // Nobody can be asked about what CUSTOM is for.
    deny: withAction('DENY', 'CUSTOM'),
    allow: withAction('ALLOW'),
  };
}
