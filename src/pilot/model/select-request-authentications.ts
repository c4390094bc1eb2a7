// The tokens that count at a class of gateways: the rules of the root namespace's RequestAuthentications and its own.
import type { Diagnostic, ResourceRef } from '../../lib/diagnostic.ts';
import type { JwtRule } from '../resources/request-authentication.ts';
import { type Resource, resourceRef } from '../resources/resource.ts';
import { jwksProblem } from './check-jwks.ts';
import { isPolicyFor } from './is-policy-for.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { ProxyClass } from './proxy-class.ts';
import { report } from './report.ts';

type RequestAuthentication = Resource<'RequestAuthentication'>;

export interface JwtProviderView extends Omit<JwtRule, 'jwks' | 'jwksUri' | 'timeoutMs' | 'index'> {
  /** Undefined: no key is known, and no token counts. */
  readonly jwks: string | undefined;
}

export interface RequestAuthentications {
  /** In order of their issuers, as Istio numbers them. */
  readonly providers: readonly JwtProviderView[];
  readonly owners: readonly ResourceRef[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Keys by where they were fetched from. */
export type FetchedKeys = ReadonlyMap<string, FetchedJwks>;

export interface FetchedJwks {
  /** The last that could be used. */
  readonly jwks: string | undefined;
  /** Why the newest could not be fetched or used, completing "The keys …". */
  readonly problem: string | undefined;
}

export function selectRequestAuthentications(
  all: readonly RequestAuthentication[],
  fetched: FetchedKeys,
  mesh: Pick<MeshSettings, 'rootNamespace'>,
  proxy: Pick<ProxyClass, 'namespace' | 'labels'>,
): RequestAuthentications {
  const own = all.filter((resource) => isPolicyFor(resource, mesh, proxy));
  const found = own.flatMap((resource) => resource.spec.rules.map((rule) => findKeys(resource, rule, fetched)));
  return {
    providers: found
      .map(({ provider }) => provider)
      .sort((a, b) => (a.issuer < b.issuer ? -1 : a.issuer > b.issuer ? 1 : 0)),
    owners: own.map(resourceRef),
    diagnostics: found.flatMap(({ diagnostic }) => diagnostic ?? []),
  };
}

interface Found {
  readonly provider: JwtProviderView;
  readonly diagnostic: Diagnostic | undefined;
}

/** The name of where the keys of a rule are fetched; undefined if it has them itself. */
export const keySourceName = ({ issuer, jwks, jwksUri }: JwtRule): string | undefined =>
  jwks === undefined ? (jwksUri ?? `openid ${issuer}`) : undefined;

function findKeys(resource: RequestAuthentication, rule: JwtRule, fetched: FetchedKeys): Found {
  const { jwks, jwksUri, timeoutMs: _timeout, index, ...settings } = rule;
  const source = keySourceName(rule);
  const keys = source === undefined ? { jwks, problem: jwksProblem(jwks ?? '') } : fetched.get(source);
  const { problem } = keys ?? { problem: undefined };
  const usable = source === undefined && problem !== undefined ? undefined : keys?.jwks;
  const provider = { ...settings, jwks: usable };
  if (problem === undefined) return { provider, diagnostic: undefined };
  const field = jwks !== undefined ? 'jwks' : jwksUri !== undefined ? 'jwksUri' : 'issuer';
  const effect = usable === undefined ? 'Tokens of the issuer are refused.' : 'The keys before stay in force.';
  const diagnostic = report(resource, {
    severity: 'error',
    code: 'TG0032',
    path: ['spec', 'jwtRules', index, field],
    message: `The keys of issuer ${rule.issuer} ${problem}. ${effect}`,
    remedy:
      source === undefined ? 'Write a JSON Web Key Set: {"keys": […]}.' : 'See that the URL gives a JSON Web Key Set.',
  });
  return { provider, diagnostic };
}
